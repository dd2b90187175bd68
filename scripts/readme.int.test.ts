/**
 * Every command of the README, run as a stranger would: in a copy of the tracked files, with the machine's own
 * Node and npm. A command that is added there without a proof here fails the first test.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, within } from "@octavo/test-kit/eventually";
import { type TemporaryDirectory, temporaryDirectory } from "@octavo/test-kit/temp-directory";
import { freePort, type Person, setUp } from "@octavo/test-kit/test-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const INSTALL_MS = 10 * 60_000;
/** The promise of a second start (DESIGN: neither install nor build). */
const SECOND_START_MS = 3_000;

/** What proves each command; `here`: a test below, by its name. */
const PROOFS: Record<string, string> = {
  "npm start": "here",
  "npm test": "this test runs inside it",
  "docker compose up -d":
    "apps/sync-server/test/docker.test.ts holds the files against each other; an engine runs them where there is one",
  "docker compose logs app": "the same",
  'curl -H "Authorization: Bearer $OCTAVO_KEY" -H "Content-Type: application/json" -d \'{"title":"Minutes","content":{"format":"markdown","body":"# Minutes"}}\' http://localhost:3000/api/v1/documents':
    "here",
  "npm run dev": "here",
  "npm run check": "here",
  "npm run bench -- --quick": "here",
};

const commands = commandsOf(readFileSync(join(ROOT, "README.md"), "utf8"));

test("every command of the README has a proof, and every proof a command", () => {
  expect([...new Set(commands)].sort()).toEqual(Object.keys(PROOFS).sort());
});

describe("in a fresh copy", () => {
  let directory: TemporaryDirectory;
  let port: number;
  let person: Person;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    directory = await temporaryDirectory("octavo-readme-");
    const files = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" }).split("\0");
    for (const file of files.filter(name => name !== "")) {
      mkdirSync(dirname(join(directory.path, file)), { recursive: true });
      cpSync(join(ROOT, file), join(directory.path, file));
    }
    port = await freePort();
  });

  afterAll(async () => {
    for (const child of running) end(child, "SIGKILL");
    await directory.remove();
  });

  /** Starts one of the README's commands in the copy, in a process group of its own. */
  function run(command: string, environment: Record<string, string> = {}): ChildProcess & { text(): string } {
    const child = spawn("bash", ["-c", `exec ${command}`], {
      cwd: directory.path,
      env: { ...strangersEnvironment(), PORT: String(port), HOST: "127.0.0.1", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    running.push(child);
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", chunk => {
        text += chunk;
      });
    }
    return Object.assign(child, { text: () => text });
  }

  async function listening(child: ChildProcess & { text(): string }, withinMs: number): Promise<void> {
    const early = once(child, "exit").then(() => Promise.reject(new Error(child.text())));
    const ready = eventually(async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok, {
      withinMs,
      what: "the address to answer",
    });
    early.catch(() => {});
    await Promise.race([ready, early]);
  }

  async function stopped(child: ChildProcess): Promise<void> {
    const exit = once(child, "exit");
    process.kill(-child.pid!, "SIGINT");
    await within(exit, { withinMs: 15_000, what: "the command to end" });
    // Its whole process group is gone: no child is left behind.
    await eventually(() => !groupExists(child.pid!), { what: "its children to end" });
  }

  test("npm start installs, builds, starts and prints a set-up link that works", {
    timeout: INSTALL_MS,
  }, async () => {
    const child = run("npm start");
    await listening(child, INSTALL_MS - 10_000);
    const link = await eventually(() => /http\S+\/setup\?token=[\w-]+/.exec(child.text())?.[0]);
    person = await setUp({ url: `http://127.0.0.1:${port}`, setUpUrl: link });
    await stopped(child);
  });

  test("a second npm start listens within three seconds, and ends with all its children", async () => {
    const child = run("npm start");
    await listening(child, SECOND_START_MS);
    await stopped(child);
  });

  test("curl makes a document with an API key", async () => {
    const server = run("npm start");
    await listening(server, SECOND_START_MS);
    const { key } = await person.request<{ key: string }>("POST", "/api/v1/api-keys", { name: "readme" });
    const curl = commands.find(command => command.startsWith("curl"))!;
    const output = execFileSync("bash", ["-c", curl.replace("localhost:3000", `127.0.0.1:${port}`)], {
      env: { ...strangersEnvironment(), OCTAVO_KEY: key },
      encoding: "utf8",
    });
    expect(JSON.parse(output)).toMatchObject({ title: "Minutes" });
    await stopped(server);
  });

  test("npm run dev serves both apps and leaves no child behind", { timeout: 180_000 }, async () => {
    const child = run("npm run dev");
    await listening(child, 60_000);
    await eventually(async () => (await fetch(`http://127.0.0.1:${port}/signin`)).ok, {
      withinMs: 90_000,
      what: "the pages",
    });
    await stopped(child);
  });

  test("npm run check passes", { timeout: INSTALL_MS }, async () => {
    // Linters respect what git ignores, and so does the copy.
    execFileSync("git", ["init", "-q"], { cwd: directory.path });
    const child = run("npm run check");
    const [code] = await once(child, "exit");
    expect(code, child.text()).toBe(0);
  });

  test("npm run bench prints its table", { timeout: INSTALL_MS }, async () => {
    const child = run("npm run bench -- --quick");
    const [code] = await once(child, "exit");
    expect(code, child.text()).toBe(0);
    expect(child.text()).toMatch(/500 people in a busy room, ms +\| +[\d,.]+ \| +[\d,.]+/);
  });
});

/** The lines of the README's `sh` blocks. */
function commandsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block]) =>
    block!.split("\n").filter(line => line.trim() !== "" && !line.startsWith("#")),
  );
}

/** The machine's own Node and npm, and nothing of this test run. */
function strangersEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name, value]) =>
      value !== undefined && !/^(OCTAVO_|VITEST|npm_|NODE_|TURBO_|NEXT_|PORT$|HOST$|DATA_DIR$)/.test(name),
  );
  const environment = Object.fromEntries(kept) as Record<string, string>;
  const path = (environment.PATH ?? "").split(":").filter(entry => !entry.includes("node_modules"));
  return { ...environment, PATH: path.join(":") };
}

function end(child: ChildProcess, signal: NodeJS.Signals): void {
  if (groupExists(child.pid!)) process.kill(-child.pid!, signal);
}

function groupExists(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
