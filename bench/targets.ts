import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { syncPath } from "@octavo/schema/protocol";
import { eventually, freePort, repositoryPath, startServerProcess, within } from "@octavo/test-kit";
import { checkpointBytes, readOctavo, seedOctavo } from "./seed-octavo.ts";
import { hocuspocusStateBytes, seedHocuspocus } from "./seed-peer.ts";

export type TargetName = "octavo" | "hocuspocus" | "y-websocket";

/** A server that is measured. */
export interface Target {
  name: TargetName;
  /** For the table. */
  title: string;
  /** What its answer to an edit means. */
  answer: string;
  protocol: "hocuspocus" | "y-websocket";
  /**
   * Puts documents (Yjs updates, V1; undefined for an empty one) into an empty data directory, as they lie there after
   * the server has stored them and ended. Answers their names.
   */
  seed(dataDirectory: string, documents: readonly (Uint8Array | undefined)[]): Promise<string[]>;
  /** Bytes of a document's newest whole state on disk, while the server is down; undefined where it keeps none. */
  stateBytes(dataDirectory: string, document: string): Promise<number | undefined>;
  /** Starts the server on the data of this directory. */
  start(dataDirectory: string, options?: StartOptions): Promise<RunningTarget>;
}

export interface StartOptions {
  environment?: Record<string, string>;
  /** Wraps the command, for limits of the operating system. */
  through?: readonly string[];
  /** The same one again, after a restart. */
  port?: number;
}

export interface RunningTarget {
  pid: number;
  port: number;
  /** Where a document is and how one gets in; each person is somebody else. */
  address(document: string, person?: string): Promise<Address>;
  /** Asks the process to end and waits for it. */
  stop(withinMs?: number): Promise<void>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

/** Where a document is, and which protocol opens it. */
export interface Address {
  protocol: "hocuspocus" | "y-websocket";
  /** For Hocuspocus the whole address; for y-websocket the part before the document's name. */
  url: string;
  document: string;
  token: string;
}

/** Of what a peer says before it ends at its start. */
const COMPLAINT_CHARACTERS = 4_000;
const PEERS = repositoryPath("bench/peers");

/** Octavo as it is built, or from its sources where there is no build; without pages, which take no part. */
export const octavo: Target = {
  name: "octavo",
  title: "octavo",
  answer: "on disk (fsync)",
  protocol: "hocuspocus",
  seed: seedOctavo,
  stateBytes: checkpointBytes,
  async start(dataDirectory, { environment = {}, through, port } = {}) {
    const entry = existsSync(repositoryPath("apps/sync-server/dist/main.js")) ? "built" : "source";
    const installation = await readOctavo(dataDirectory);
    const server = await startServerProcess({
      entry,
      dataDirectory,
      environment: { LOG_LEVEL: "warn", ...environment },
      ...(through && { through }),
      ...(port !== undefined && { port }),
    });
    return {
      pid: server.pid as number,
      port: server.port,
      async address(document, person = "somebody") {
        const url = `ws://127.0.0.1:${server.port}${syncPath(document, { schema: SCHEMA_VERSION })}`;
        return { protocol: "hocuspocus", url, document, token: await installation.token(document, person) };
      },
      async stop(withinMs) {
        await server.stop(withinMs);
      },
      kill: () => server.kill(),
    };
  },
};

/** @hocuspocus/server with extension-database over `level`, one key a document. */
export const hocuspocus: Target = {
  name: "hocuspocus",
  title: "@hocuspocus/server 4.7.0",
  answer: "in memory",
  protocol: "hocuspocus",
  seed: (dataDirectory, documents) => seedHocuspocus(join(dataDirectory, "states"), documents),
  stateBytes: (dataDirectory, document) => hocuspocusStateBytes(join(dataDirectory, "states"), document),
  start: (dataDirectory, options) =>
    startPeer("hocuspocus.mjs", options, port => ({
      PORT: String(port),
      DATA_DIR: join(dataDirectory, "states"),
    })),
};

/** The server bundled with y-websocket, with y-leveldb. Starts with empty documents only. */
export const yWebsocket: Target = {
  name: "y-websocket",
  title: "y-websocket 2.1.0 + y-leveldb",
  answer: "in memory (echo)",
  protocol: "y-websocket",
  async seed(_dataDirectory, documents) {
    if (documents.some(update => update !== undefined)) throw new TypeError("only empty documents");
    return documents.map((_, index) => `document-${index}`);
  },
  stateBytes: async () => undefined,
  start: (dataDirectory, options) =>
    startPeer("node_modules/y-websocket/bin/server.cjs", options, port => ({
      HOST: "127.0.0.1",
      PORT: String(port),
      YPERSISTENCE: join(dataDirectory, "updates"),
    })),
};

export const TARGETS: Record<TargetName, Target> = { octavo, hocuspocus, "y-websocket": yWebsocket };

/** @throws RangeError for a name that is none */
export function targetOf(name: string): Target {
  const target = (TARGETS as Record<string, Target | undefined>)[name];
  if (target === undefined) throw new RangeError(`No target "${name}": ${Object.keys(TARGETS).join(", ")}`);
  return target;
}

/** Installs the peers from their lockfile on first use. */
export function installPeers(): void {
  if (arePeersInstalled()) return;
  console.error("Installing the servers to compare with (bench/peers) …");
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: PEERS,
    stdio: "inherit",
  });
}

export function arePeersInstalled(): boolean {
  return existsSync(join(PEERS, "node_modules/.package-lock.json"));
}

async function startPeer(
  script: string,
  { environment = {}, through = [], port: wanted }: StartOptions = {},
  environmentOf: (port: number) => Record<string, string>,
): Promise<RunningTarget> {
  const port = wanted ?? (await freePort());
  const [command, ...args] = [...through, process.execPath, join(PEERS, script)];
  const child = spawn(command as string, args, {
    env: { PATH: process.env.PATH, NODE_ENV: "production", ...environmentOf(port), ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", text => {
    complaint = (complaint + text).slice(-COMPLAINT_CHARACTERS);
  });
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`${script} ended with ${code} at its start:\n${complaint}`);
  });
  await Promise.race([eventually(() => answers(port), { what: script, withinMs: 60_000 }), failed]);
  failed.catch(() => {});
  const protocol = script === "hocuspocus.mjs" ? "hocuspocus" : "y-websocket";
  return {
    pid: child.pid as number,
    port,
    address: async document => ({ protocol, url: `ws://127.0.0.1:${port}`, document, token: "" }),
    stop: withinMs => endPeer(child, "SIGTERM", withinMs),
    kill: () => endPeer(child, "SIGKILL"),
  };
}

/** Both peers answer a plain request with a greeting. */
async function answers(port: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/`)).ok;
}

async function endPeer(child: ChildProcess, signal: NodeJS.Signals, withinMs = 30_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await within(exit, { withinMs, what: "the peer to end" });
}
