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

/** A loop that is held answers when it is free again; some are held for long. */
const ANSWER_MS = 120_000;

/** The line to the monitor inside a server; see monitor.mjs. One question at a time. */
export class Inside implements AsyncDisposable {
  /** What the server's process must be started with. */
  readonly environment: Record<string, string>;
  readonly #server: Server;
  #socket: Promise<Socket>;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#socket = this.#next();
    const monitor = pathToFileURL(repositoryPath("bench/load/monitor.mjs")).href;
    this.environment = { NODE_OPTIONS: `--import=${monitor}`, BENCH_MONITOR: path };
  }

  static async listen(directory: string): Promise<Inside> {
    const path = join(directory, "monitor.sock");
    const server = createServer().listen(path);
    await once(server, "listening");
    return new Inside(server, path);
  }

  async beginStalls(): Promise<void> {
    await this.#ask("begin");
  }

  /** Since `beginStalls`; ends it. */
  stalls(): Promise<Stalls> {
    return this.#ask("stalls");
  }

  /** Resident bytes after garbage was collected. */
  async memory(): Promise<number> {
    return (await this.#ask<{ rssBytes: number }>("memory")).rssBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
  }

  /** A server that starts again connects again. */
  async #next(): Promise<Socket> {
    const [socket] = (await once(this.#server, "connection")) as [Socket];
    socket.once("close", () => {
      this.#socket = this.#next();
    });
    return socket;
  }

  async #ask<T>(question: string): Promise<T> {
    const socket = await within(this.#socket, { what: "the monitor" });
    const answer = once(socket, "data");
    socket.write(`${question}\n`);
    const [text] = await within(answer, { withinMs: ANSWER_MS, what: "the event loop to be free" });
    return JSON.parse(String(text)) as T;
  }
}
