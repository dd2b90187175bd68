/**
 * Proves the directions of DESIGN.md §2: imports go down, never up, never in a ring; some things are known in one
 * place only. `node scripts/check-imports.ts` prints each violation and fails; `npm run check` runs it.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Workspaces from the bottom up; one may import only what stands below it. */
const WORKSPACES: Record<string, { floor: number; path: string }> = {
  "@octavo/schema": { floor: 0, path: "packages/schema" },
  "@octavo/client": { floor: 1, path: "packages/client" },
  "@octavo/react": { floor: 2, path: "packages/react" },
  "@octavo/element": { floor: 3, path: "packages/element" },
  "@octavo/sync-server": { floor: 4, path: "apps/sync-server" },
  "@octavo/editor": { floor: 4, path: "apps/editor" },
};
/** The server knows nothing of what runs in a browser, and the pages nothing of the server's insides. */
const NEVER: Record<string, readonly string[]> = {
  "@octavo/sync-server": ["@octavo/client", "@octavo/react", "@octavo/element", "@octavo/editor"],
  "@octavo/editor": ["@octavo/sync-server"],
};
const TEST_ONLY = ["@octavo/test-kit", "@octavo/bench", "vitest", "playwright-core", "fast-check"];

/** Folders and files of apps/sync-server/src from the bottom up. */
const SERVER = "apps/sync-server/src";
const SERVER_FLOORS: Record<string, number> = {
  "clock.ts": 1,
  "shutdown.ts": 1,
  config: 1,
  logging: 1,
  metrics: 1,
  storage: 2,
  documents: 3,
  access: 3,
  accounts: 3,
  edge: 4,
  sync: 4,
  http: 4,
  pages: 4,
  "door.ts": 4,
  "server.ts": 5,
  "main.ts": 6,
};
/** Parts of one floor that only `server.ts` introduces to each other. */
const STRANGERS = new Set(["edge", "sync", "http", "pages", "door.ts"]);

/** Packages that one folder of the server knows, and nobody else. */
const KNOWN_IN_ONE_PLACE: readonly { packages: RegExp; folder: string }[] = [
  { packages: /^(level|abstract-level|classic-level|node:sqlite|kysely)(\/|$)/, folder: "storage" },
  { packages: /^@hocuspocus\//, folder: "sync" },
];
/** Better Auth speaks Kysely's types; it gets its database from storage/. */
const EXCEPTIONS = new Set([`${SERVER}/accounts/better-auth.ts kysely`]);

const BROWSER_GLOBALS =
  /(?<![.\w$"'`])(?:(?:window|navigator|localStorage|sessionStorage|DOMParser|XMLSerializer|XMLHttpRequest)\b(?!["'`:])|document\.(?:createElement|createTextNode|querySelector|getElementById|body|head|cookie|documentElement|addEventListener)\b|instanceof\s+HTML\w*Element\b)/;
const NODE_GLOBALS = /(?<![.\w$"'`])(?:process\.|Buffer\.|__dirname\b|require\()/;

export interface SourceFile {
  /** From the root, with forward slashes. */
  path: string;
  text: string;
}

/** Every violation in the files, one readable line each. */
export function violationsIn(files: readonly SourceFile[]): string[] {
  const sources = files.filter(file => !isTest(file.path));
  const known = new Set(sources.map(file => file.path));
  const graph = new Map<string, string[]>();
  const violations: string[] = [];
  for (const file of sources) {
    const code = withoutComments(file.text);
    const local: string[] = [];
    for (const specifier of specifiersIn(code)) {
      const fault = specifier.startsWith(".") ? undefined : faultOfPackage(file.path, specifier);
      if (fault) violations.push(`${file.path}: ${fault}`);
      const target = targetOf(file.path, specifier);
      if (target === undefined) continue;
      const upward = faultOfDirection(file.path, target);
      if (upward) violations.push(`${file.path}: ${upward}`);
      if (known.has(target)) local.push(target);
    }
    graph.set(file.path, local);
    violations.push(...faultsOfText(file.path, code).map(fault => `${file.path}: ${fault}`));
  }
  return [...violations, ...ringsIn(graph)];
}

function faultOfPackage(path: string, specifier: string): string | undefined {
  const name = packageName(specifier);
  const own = workspaceOf(path);
  if (TEST_ONLY.includes(name) && own !== undefined) return `imports ${specifier}, which is for tests`;
  const wanted = WORKSPACES[name];
  if (own !== undefined && wanted !== undefined && name !== own) {
    const isUpward = wanted.floor >= WORKSPACES[own]!.floor || NEVER[own]?.includes(name);
    if (isUpward) return `imports ${name}, which does not stand below ${own}`;
  }
  if (path.startsWith("packages/schema/") && specifier.startsWith("node:"))
    return `imports ${specifier}; the schema has no Node`;
  if (!path.startsWith(`${SERVER}/`)) return undefined;
  const rule = KNOWN_IN_ONE_PLACE.find(({ packages }) => packages.test(specifier));
  if (!rule || path.startsWith(`${SERVER}/${rule.folder}/`) || EXCEPTIONS.has(`${path} ${specifier}`))
    return undefined;
  return `imports ${specifier}, which only ${rule.folder}/ knows`;
}

function faultOfDirection(path: string, target: string): string | undefined {
  const own = workspaceFolder(path);
  const other = workspaceFolder(target);
  if (own !== other) return `imports ${target} by its path, not by its package`;
  if (!path.startsWith(`${SERVER}/`)) return undefined;
  const [from, to] = [serverPart(path), serverPart(target)];
  const [floor, below] = [SERVER_FLOORS[from], SERVER_FLOORS[to]];
  if (floor === undefined) return `stands in ${from}, which has no floor`;
  if (below === undefined) return `imports ${target}, which has no floor`;
  if (below > floor) return `imports ${target}, which stands above it`;
  if (from !== to && STRANGERS.has(from) && STRANGERS.has(to))
    return `imports ${target}; ${from} and ${to} do not know each other`;
  return undefined;
}

function faultsOfText(path: string, code: string): string[] {
  const faults: string[] = [];
  const plain = withoutStrings(code);
  if (
    path.startsWith(`${SERVER}/`) &&
    !path.startsWith(`${SERVER}/config/`) &&
    /\bprocess\s*\.\s*env\b|\bprocess\s*\[/.test(plain)
  ) {
    faults.push("reads process.env, which only config/ does");
  }
  if (path.startsWith("packages/schema/")) {
    if (BROWSER_GLOBALS.test(plain))
      faults.push(`uses ${BROWSER_GLOBALS.exec(plain)?.[0]}; the schema has no DOM`);
    if (NODE_GLOBALS.test(plain))
      faults.push(`uses ${NODE_GLOBALS.exec(plain)?.[0]}; the schema has no Node`);
  }
  return faults;
}

/** Rings among relative imports, each once, by depth-first search. */
function ringsIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const rings = new Set<string>();
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string) => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      const ring = trail.slice(start);
      const first = ring.indexOf([...ring].sort()[0]!);
      rings.add([...ring.slice(first), ...ring.slice(0, first), ring[first]!].join(" → "));
      return;
    }
    if (done.has(path)) return;
    trail.push(path);
    for (const target of graph.get(path) ?? []) visit(target);
    trail.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return [...rings].map(ring => `ring: ${ring}`);
}

/** What a file imports, statically or not, values and types alike. */
export function specifiersIn(code: string): string[] {
  const patterns = [
    /\b(?:import|export)\b[^"'`;()]*?\bfrom\s*["']([^"']+)["']/g,
    /\bimport\s*["']([^"']+)["']/g,
    /\bimport\s*\(\s*["']([^"']+)["']/g,
  ];
  return patterns.flatMap(pattern => [...code.matchAll(pattern)].map(match => match[1]!));
}

function targetOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return join(dirname(path), specifier).split(sep).join("/");
}

function serverPart(path: string): string {
  return path.slice(SERVER.length + 1).split("/")[0]!;
}

function workspaceFolder(path: string): string {
  return path.split("/").slice(0, 2).join("/");
}

function workspaceOf(path: string): string | undefined {
  return Object.entries(WORKSPACES).find(([, workspace]) => path.startsWith(`${workspace.path}/`))?.[0];
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function isTest(path: string): boolean {
  return /\.test\.tsx?$|\/test\/|\/contract\.ts$/.test(path);
}

/** Comments become spaces; strings stay, so that `//` in an address is none. */
function withoutComments(text: string): string {
  return text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (_, string?: string) => string ?? " ",
  );
}

function withoutStrings(code: string): string {
  return code.replace(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, '""');
}

function sourcesUnder(folder: string): SourceFile[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .map(file => ({ path: relative(ROOT, file).split(sep).join("/"), text: readFileSync(file, "utf8") }));
}

if (import.meta.main) {
  const files = Object.values(WORKSPACES).flatMap(({ path }) => sourcesUnder(`${path}/src`));
  const violations = violationsIn(files);
  for (const violation of violations) console.error(violation);
  console.log(`${files.length} files, ${violations.length} violations of the import directions`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
