// What stands between a clone and a running program: the dependencies of package-lock.json, the build of the
// present sources, and a Node that is new enough. Plain JavaScript that runs on Node 20, with nothing installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** zstd in node:zlib, node:sqlite without a flag. The platform packages of package.json bring Node 24. */
export const OLDEST_NODE = [22, 15];

const BUILD_STAMP = ".cache/build";
const BUILT_FILES = ["apps/sync-server/dist/main.js", "apps/editor/.next/standalone/apps/editor/server.js"];
const SOURCE_FOLDERS = ["apps", "packages"];
const SOURCE_FILES = ["package-lock.json", "tsconfig.base.json", "turbo.json", "scripts/assemble-pages.mjs"];
const NOT_SOURCES = new Set([
  "node_modules",
  "dist",
  ".next",
  ".turbo",
  "next-env.d.ts",
  "tsconfig.tsbuildinfo",
]);

/** Runs `npm ci` where node_modules is not what package-lock.json says. Returns whether it did. */
export function ensureInstalled() {
  const reason = whyNotInstalled(ROOT);
  if (reason === undefined) return false;
  console.log(`Installing dependencies (${reason}) …`);
  // Development dependencies build the product, whatever NODE_ENV says.
  npm(["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"], ROOT);
  return true;
}

/** Builds where the sources are not those of the last build. Returns whether it did. */
export function ensureBuilt() {
  const stamp = sourcesHash(ROOT);
  const file = join(ROOT, BUILD_STAMP);
  const isCurrent =
    existsSync(file) &&
    readFileSync(file, "utf8") === stamp &&
    BUILT_FILES.every(path => existsSync(join(ROOT, path)));
  if (isCurrent) return false;
  console.log("Building …");
  runOrExit(nodeForChildren(), [
    join(ROOT, "node_modules/turbo/bin/turbo"),
    "run",
    "build",
    "--output-logs=errors-only",
  ]);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, stamp);
  return true;
}

/** Why an installation is needed; undefined where node_modules has exactly the versions of the lockfile. */
export function whyNotInstalled(root) {
  const hidden = join(root, "node_modules/.package-lock.json");
  if (!existsSync(hidden)) return "nothing is installed yet";
  const installed = JSON.parse(readFileSync(hidden, "utf8")).packages;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes("node_modules/") || !isForThisMachine(entry)) continue;
    const found = installed[path];
    const same =
      found !== undefined && found.version === entry.version && found.integrity === entry.integrity;
    if (!same && !(found === undefined && entry.optional)) return `${path} differs from package-lock.json`;
  }
  return undefined;
}

/** Hash over paths and contents of everything that goes into a build; tests are not part of it. */
export function sourcesHash(root) {
  const hash = createHash("sha256");
  for (const path of [
    ...SOURCE_FOLDERS.flatMap(folder => filesUnder(root, folder)),
    ...SOURCE_FILES,
  ].sort()) {
    if (!existsSync(join(root, path))) continue;
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update("\0");
  }
  return hash.digest("hex");
}

function filesUnder(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = `${folder}/${entry.name}`;
    if (NOT_SOURCES.has(entry.name) || /\.(test|e2e)\.tsx?$|\.md$/.test(entry.name)) return [];
    return entry.isDirectory() ? filesUnder(root, path) : [path];
  });
}

function isForThisMachine(entry) {
  return fits(entry.os, process.platform) && fits(entry.cpu, process.arch);
}

/** The os and cpu fields of package.json: a name, or a list of names, or of names with "!" before them. */
function fits(field, value) {
  const names = [field ?? value].flat();
  return names.includes(value) || names.some(name => name.startsWith("!") && name !== `!${value}`);
}

/** The Node that runs the product: the one from package-lock.json, else our own if it is new enough. */
export function nodeForChildren() {
  const bundled = join(ROOT, "node_modules/.bin", process.platform === "win32" ? "node.cmd" : "node");
  const direct = join(
    ROOT,
    `node_modules/node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}/bin`,
  );
  const executable = join(direct, process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(executable) && spawnSync(executable, ["--version"]).status === 0) return executable;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return process.execPath;
  console.error(
    `Octavo needs Node ${OLDEST_NODE.join(".")} or newer, and this is ${process.versions.node}.\n` +
      `On Linux (x64, arm64) and Windows (x64) npm brings a Node of its own, but it is not there or does not run (${bundled}).\n` +
      "Install Node 24 from https://nodejs.org and run the same command again.",
  );
  process.exit(1);
}

/** Environment of everything we start: our Node first, no telemetry of the tools. */
export function childEnvironment(more = {}) {
  return {
    ...process.env,
    PATH: `${join(ROOT, "node_modules/.bin")}${process.platform === "win32" ? ";" : ":"}${process.env.PATH ?? ""}`,
    NEXT_TELEMETRY_DISABLED: "1",
    TURBO_TELEMETRY_DISABLED: "1",
    ...more,
  };
}

/** Runs npm, the one that runs us where there is one. */
export function npm(args, cwd) {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith(".js")) runOrExit(process.execPath, [cli, ...args], cwd);
  else runOrExit(process.platform === "win32" ? "npm.cmd" : "npm", args, cwd);
}

function runOrExit(command, args, cwd = ROOT) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: "inherit", env: childEnvironment() });
  if (error) console.error(`${command} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * Calls back with each signal that asks us to end. npm runs its scripts in a shell that does not pass signals on but
 * dies of them: below npm, a parent that is gone counts as SIGTERM. Returns the function that ends it.
 */
export function onEnd(listener) {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, listener);
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    listener("SIGTERM");
  }, 250);
  if (process.env.npm_lifecycle_event === undefined) clearInterval(watch);
  return () => {
    clearInterval(watch);
    for (const signal of signals) process.off(signal, listener);
  };
}

/**
 * Runs a program in our place: its output is ours, our signals are its signals, its exit code is the result. The
 * channel tells a program that listens to it that we were killed.
 */
export async function runInPlace(command, args, environment = {}) {
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: childEnvironment(environment),
  });
  const stopListening = onEnd(signal => child.kill(signal));
  return new Promise(resolve => {
    child.on("error", error => {
      console.error(`${command} could not be started: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code, signal) => {
      stopListening();
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
}
