/** A way to a server that counts, in a thread of its own: what the clients here do does not hold it up. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

/** One piece that came from the server. */
export interface Arrival {
  /** As `performance.timeOrigin + performance.now()` of any thread. */
  at: number;
  bytes: number;
}

export class CountingProxy implements AsyncDisposable {
  readonly port: number;
  readonly #worker: Worker;

  private constructor(worker: Worker, port: number) {
    this.#worker = worker;
    this.port = port;
  }

  /** Listens on a port of its own and leads to the server's. */
  static async to(port: number): Promise<CountingProxy> {
    const worker = new Worker(new URL(import.meta.url), { workerData: { port } });
    const [own] = (await once(worker, "message")) as [number];
    return new CountingProxy(worker, own);
  }

  /** What came from the server over all connections so far. */
  async arrivals(): Promise<Arrival[]> {
    const answer = once(this.#worker, "message") as Promise<[Arrival[]]>;
    this.#worker.postMessage("arrivals");
    return (await answer)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

function listen(port: number): void {
  const arrivals: Arrival[] = [];
  const server = createServer({ noDelay: true }, client => {
    const upstream = connect({ port, host: "127.0.0.1", noDelay: true });
    upstream.on("data", chunk => {
      arrivals.push({ at: performance.timeOrigin + performance.now(), bytes: chunk.length });
    });
    upstream.pipe(client);
    client.pipe(upstream);
    for (const socket of [client, upstream]) {
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1", () => parentPort?.postMessage((server.address() as AddressInfo).port));
  parentPort?.on("message", () => parentPort?.postMessage(arrivals));
}

if (!isMainThread && parentPort) listen((workerData as { port: number }).port);
