// npm run dev: the server and the pages from their sources, both reloading, on one port.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { childEnvironment, ensureInstalled, nodeForChildren, onEnd, ROOT } from "./prepare.mjs";

const CLOSE_MS = 6_000;

ensureInstalled();
const node = nodeForChildren();
const port = process.env.PORT ?? "3000";
const pagesPort = await freePort();
const environment = childEnvironment({
  PORT: port,
  // The server's working directory is its workspace here.
  DATA_DIR: process.env.DATA_DIR ?? join(ROOT, "data"),
  OCTAVO_DEVELOPMENT: "true",
  EDITOR_URL: `http://127.0.0.1:${pagesPort}`,
  OCTAVO_INTERNAL_URL: `http://127.0.0.1:${port}`,
  OCTAVO_INTERNAL_SECRET: randomBytes(32).toString("base64url"),
  NODE_ENV: "development",
});

const children = [
  start("apps/sync-server", [
    "--watch",
    "--watch-preserve-output",
    "--conditions=octavo-source",
    "src/main.ts",
  ]),
  start("apps/editor", [
    join(ROOT, "node_modules/next/dist/bin/next"),
    "dev",
    "--hostname",
    "127.0.0.1",
    "--port",
    String(pagesPort),
  ]),
];
onEnd(() => stop(0));
// Without one of them there is nothing to work with.
for (const child of children) child.on("exit", code => stop(code ?? 1));

/** Each in a process group of its own, so that what it starts ends with it. */
function start(workspace, args) {
  return spawn(node, args, {
    cwd: join(ROOT, workspace),
    env: environment,
    stdio: ["ignore", "inherit", "inherit"],
    detached: process.platform !== "win32",
  });
}

let isStopping = false;
async function stop(exitCode) {
  if (isStopping) return;
  isStopping = true;
  for (const child of children) signalGroup(child, "SIGTERM");
  const deadline = Date.now() + CLOSE_MS;
  while (children.some(child => signalGroup(child, 0)) && Date.now() < deadline) await wait(50);
  for (const child of children) signalGroup(child, "SIGKILL");
  process.exit(exitCode);
}

/** False where nothing of the group is left. */
function signalGroup(child, signal) {
  try {
    return process.kill(process.platform === "win32" ? child.pid : -child.pid, signal);
  } catch (error) {
    if (error.code === "ESRCH") return false;
    throw error;
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
