import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { repositoryPath, within } from "@octavo/test-kit";

/** How long a server's event loop was held. */
export interface Stalls {
  longestMs: number;
  p99Ms: number;
}

/** Listens to the monitor inside a server; see monitor.mjs. */
export class StallWatch implements AsyncDisposable {
  /** What the server's process must be started with. */
  readonly environment: Record<string, string>;
  readonly #server: Server;
  readonly #connected: Promise<[Socket]>;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#connected = once(server, "connection") as Promise<[Socket]>;
    const monitor = pathToFileURL(repositoryPath("bench/load/monitor.mjs")).href;
    this.environment = { NODE_OPTIONS: `--import=${monitor}`, BENCH_MONITOR: path };
  }

  static async listen(directory: string): Promise<StallWatch> {
    const path = join(directory, "monitor.sock");
    const server = createServer().listen(path);
    await once(server, "listening");
    return new StallWatch(server, path);
  }

  async begin(): Promise<void> {
    (await this.#socket()).write("begin\n");
  }

  /** Since `begin`. Answered when the loop is free again, however long that takes. */
  async read(withinMs = 120_000): Promise<Stalls> {
    const socket = await this.#socket();
    const answer = once(socket, "data");
    socket.write("read\n");
    const [text] = await within(answer, { withinMs, what: "the event loop to be free" });
    return JSON.parse(String(text)) as Stalls;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
  }

  async #socket(): Promise<Socket> {
    const [socket] = await within(this.#connected, { what: "the monitor" });
    return socket;
  }
}
