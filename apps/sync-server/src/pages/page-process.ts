import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Clock } from "../clock.ts";
import type { Log } from "../logging/logger.ts";

export interface PageProcessOptions {
  /** The `server.js` that `next build` made. */
  serverFile: string;
  /** The whole environment of the child, besides its port. */
  environment: Record<string, string>;
  clock: Clock;
  log: Log;
}

/** The pages' own process, on a free port of the loopback. */
export interface PageProcess {
  /** Origin of the running pages; undefined while they start. */
  origin(): string | undefined;
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** Pages that ran this long had a good start; their next one does not wait long. */
const GOOD_RUN_MS = 30_000;
const PROBE_PAUSE_MS = 25;
const CLOSE_MS = 1_000;
const CHILD_FILE = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./child.ts" : "./child.js", import.meta.url),
);

/** Starts the pages and starts them again, with growing pauses, whenever they end. */
export function runPageProcess(options: PageProcessOptions): PageProcess {
  const { clock, log } = options;
  const closing = new AbortController();
  let origin: string | undefined;
  const ended = keepRunning();

  async function keepRunning(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!closing.signal.aborted) {
      const startedAt = clock.monotonic();
      const exit = await run();
      origin = undefined;
      if (closing.signal.aborted) return;
      pauseMs =
        clock.monotonic() - startedAt >= GOOD_RUN_MS
          ? FIRST_PAUSE_MS
          : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      log.warn({ event: "pages.ended", exit, startsAgainInMs: pauseMs });
      await pause(pauseMs, closing.signal);
    }
  }

  /** One life of the process; resolves with its exit code or signal. */
  async function run(): Promise<number | string> {
    const port = await freePort();
    if (closing.signal.aborted) return 0;
    const child = startChild(options, port);
    logOutput(child, log);
    const over = new AbortController();
    const exit = exitOf(child).finally(() => over.abort());
    const stop = () => stopChild(child, exit);
    closing.signal.addEventListener("abort", stop, { once: true });
    if (await listens(port, over.signal)) {
      origin = `http://127.0.0.1:${port}`;
      log.info({ event: "pages.up", port });
    }
    return exit.finally(() => closing.signal.removeEventListener("abort", stop));
  }

  return {
    origin: () => origin,
    close: async () => {
      closing.abort();
      await ended;
    },
  };
}

function startChild(options: PageProcessOptions, port: number): ChildProcess {
  return fork(CHILD_FILE, [options.serverFile], {
    env: { ...options.environment, PORT: String(port), HOSTNAME: "127.0.0.1" },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    execArgv: [],
  });
}

/** The child ends when its channel closes; if it cannot, it is killed. */
async function stopChild(child: ChildProcess, exit: Promise<unknown>): Promise<void> {
  if (child.connected) child.disconnect();
  const killer = setTimeout(() => child.kill("SIGKILL"), CLOSE_MS);
  await exit;
  clearTimeout(killer);
}

function exitOf(child: ChildProcess): Promise<number | string> {
  return new Promise(resolve => {
    child.once("exit", (code, signal) => resolve(code ?? signal ?? 0));
    // The process could not be started at all; "exit" does not come then.
    child.once("error", error => resolve((error as NodeJS.ErrnoException).code ?? "error"));
  });
}

/** What the pages print is for whoever looks into a fault of theirs. */
function logOutput(child: ChildProcess, log: Log): void {
  for (const [stream, level] of [[child.stdout, "debug"] as const, [child.stderr, "warn"] as const]) {
    if (stream)
      createInterface({ input: stream }).on("line", line => log[level]({ event: "pages.output", line }));
  }
}

/** True once something listens on the port; false when the process is over before. */
async function listens(port: number, over: AbortSignal): Promise<boolean> {
  while (!over.aborted) {
    if (await canConnect(port)) return !over.aborted;
    await pause(PROBE_PAUSE_MS, over);
  }
  return false;
}

function canConnect(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** A port that was free a moment ago; if somebody else takes it, the pages end and the next start takes another. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new TypeError("A TCP server has a port.");
  return address.port;
}

/** Resolves after the time or at the abort, whichever comes first. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
