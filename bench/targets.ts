import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { syncPath } from "@octavo/schema/protocol";
import { eventually, freePort, repositoryPath, setUp, startServerProcess, within } from "@octavo/test-kit";
import type { Address } from "./replay-client.ts";

/** A server that is measured. */
export interface Target {
  name: string;
  /** What its answer to an edit means. */
  answer: string;
  /** Starts the server on the data of this directory. */
  start(dataDirectory: string): Promise<RunningTarget>;
}

export interface RunningTarget {
  pid: number;
  /** Makes the document where it must be made, and says where it is. */
  address(): Promise<Address>;
  /** Asks the process to end and waits for it. */
  stop(): Promise<void>;
}

const PEERS = repositoryPath("bench/peers");

/** Octavo as it is built, or from its sources where there is no build; without pages, which take no part. */
export function octavo(): Target {
  const entry = existsSync(repositoryPath("apps/sync-server/dist/main.js")) ? "built" : "source";
  let address: Address | undefined;
  return {
    name: "octavo",
    answer: "on disk (fsync)",
    async start(dataDirectory) {
      const server = await startServerProcess({
        entry,
        dataDirectory,
        environment: { LOG_LEVEL: "warn" },
      });
      return {
        pid: server.pid as number,
        async address() {
          address ??= await createDocument(server);
          return { ...address, url: octavoUrl(server.url, address.document) };
        },
        async stop() {
          await server.stop();
        },
      };
    },
  };
}

async function createDocument(server: { url: string; setUpUrl: string | undefined }): Promise<Address> {
  const person = await setUp(server);
  const { id } = await person.createDocument("Replay");
  return { protocol: "hocuspocus", url: "", document: id, token: await person.accessToken(id, "editor") };
}

function octavoUrl(origin: string, documentId: string): string {
  return origin.replace(/^http/, "ws") + syncPath(documentId, { schema: SCHEMA_VERSION });
}

/** @hocuspocus/server with extension-database over `level`, one key a document. */
export const hocuspocus: Target = {
  name: "@hocuspocus/server 4.7.0",
  answer: "in memory",
  start: dataDirectory =>
    startPeer(
      "hocuspocus.mjs",
      port => ({ PORT: String(port), DATA_DIR: join(dataDirectory, "states") }),
      port => ({ protocol: "hocuspocus", url: `ws://127.0.0.1:${port}`, document: "replay", token: "" }),
    ),
};

/** The server bundled with y-websocket, with y-leveldb. */
export const yWebsocket: Target = {
  name: "y-websocket 2.1.0 + y-leveldb",
  answer: "in memory (echo)",
  start: dataDirectory =>
    startPeer(
      "node_modules/y-websocket/bin/server.cjs",
      port => ({ HOST: "127.0.0.1", PORT: String(port), YPERSISTENCE: join(dataDirectory, "updates") }),
      port => ({ protocol: "y-websocket", url: `ws://127.0.0.1:${port}`, document: "replay", token: "" }),
    ),
};

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
  environment: (port: number) => Record<string, string>,
  address: (port: number) => Address,
): Promise<RunningTarget> {
  const port = await freePort();
  const child = spawn(process.execPath, [join(PEERS, script)], {
    env: { PATH: process.env.PATH, NODE_ENV: "production", ...environment(port) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`${script} ended with ${code} at its start`);
  });
  await Promise.race([eventually(() => answers(port), { what: script }), failed]);
  failed.catch(() => {});
  return { pid: child.pid as number, address: async () => address(port), stop: () => stopPeer(child) };
}

/** Both peers answer a plain request with a greeting. */
async function answers(port: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/`)).ok;
}

async function stopPeer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await within(exit, { withinMs: 30_000, what: "the peer to end" });
}
