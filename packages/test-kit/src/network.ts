import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createRandom, type Random } from "./random.ts";

/**
 * A TCP proxy between clients and a server that a test can worsen while both talk. Bytes are never reordered or
 * dropped from the middle of a stream (TCP does not do that either): a connection is slow, silent, or cut, at any
 * byte, also in the middle of a frame.
 */
export interface Network extends AsyncDisposable {
  /** Port clients connect to, on 127.0.0.1. */
  readonly port: number;
  /** Connections through the proxy that are open now. */
  readonly connections: number;
  /** Connections seen since the start. */
  readonly accepted: number;
  /** Bytes passed on since the start. */
  readonly bytes: { toServer: number; toClient: number };
  /** Sends later connections to another port: a server that came back elsewhere. */
  target(port: number): void;
  /** Each chunk waits this long, in order; `jitterMs` adds a random part per chunk. */
  delay(delayMs: number, jitterMs?: number): void;
  /** Keeps connections open and holds their bytes; `heal` delivers them. */
  stall(): void;
  /** Half-open: connections look alive, but what is sent on them is lost. `heal` cuts them. */
  swallow(direction?: "to-server" | "to-client" | "both"): void;
  /** Cuts (RST) the open connections. */
  cut(): void;
  /** Cuts each connection after a random number of further bytes, up to this many: mostly in mid-frame. */
  cutAfter(bytes: number): void;
  /** Takes new connections and cuts them at once. */
  refuseNew(): void;
  /** Answers WebSocket upgrades with 403, as some proxies do; other requests pass. */
  blockUpgrades(): void;
  /** Refuses new connections and cuts the open ones. */
  down(): void;
  /** Everything as at the start; connections that lost bytes are cut. */
  heal(): void;
  close(): Promise<void>;
}

type Direction = "to-server" | "to-client";

interface Conditions {
  delayMs: number;
  jitterMs: number;
  stalled: boolean;
  refusing: boolean;
  blocksUpgrades: boolean;
  swallowed: ReadonlySet<Direction>;
}

const CALM: Conditions = {
  delayMs: 0,
  jitterMs: 0,
  stalled: false,
  refusing: false,
  blocksUpgrades: false,
  swallowed: new Set(),
};

/** Starts a proxy to `127.0.0.1:targetPort`. */
export async function createNetwork(targetPort: number, random: Random = createRandom()): Promise<Network> {
  const network = new ProxyNetwork(targetPort, random);
  await network.listen();
  return network;
}

class ProxyNetwork implements Network {
  readonly bytes = { toServer: 0, toClient: 0 };
  accepted = 0;
  conditions: Conditions = CALM;
  readonly random: Random;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #targetPort: number;

  constructor(targetPort: number, random: Random) {
    this.#targetPort = targetPort;
    this.random = random;
    this.#server = createServer({ allowHalfOpen: true }, socket => this.#accept(socket));
  }

  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(0, "127.0.0.1", resolve);
    await promise;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#links.size;
  }

  target(port: number): void {
    this.#targetPort = port;
  }

  delay(delayMs: number, jitterMs = 0): void {
    this.conditions = { ...this.conditions, delayMs, jitterMs };
  }

  stall(): void {
    this.conditions = { ...this.conditions, stalled: true };
  }

  swallow(direction: Direction | "both" = "both"): void {
    const swallowed = new Set<Direction>(direction === "both" ? ["to-server", "to-client"] : [direction]);
    this.conditions = { ...this.conditions, swallowed };
  }

  cut(): void {
    for (const link of [...this.#links]) link.cut();
  }

  cutAfter(bytes: number): void {
    for (const link of this.#links) link.bytesLeft = this.random.int(0, bytes);
  }

  refuseNew(): void {
    this.conditions = { ...this.conditions, refusing: true };
  }

  blockUpgrades(): void {
    this.conditions = { ...this.conditions, blocksUpgrades: true };
  }

  down(): void {
    this.refuseNew();
    this.cut();
  }

  heal(): void {
    this.conditions = CALM;
    for (const link of [...this.#links]) link.heal();
  }

  async close(): Promise<void> {
    this.cut();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(client: Socket): void {
    this.accepted += 1;
    if (this.conditions.refusing) {
      client.on("error", ignoreReset);
      client.resetAndDestroy();
      return;
    }
    const link = new Link(
      this,
      client,
      connect({ port: this.#targetPort, host: "127.0.0.1", allowHalfOpen: true }),
    );
    this.#links.add(link);
    link.onEnd = () => this.#links.delete(link);
  }
}

/** One connection through the proxy: two streams that are cut together. */
class Link {
  bytesLeft = Number.POSITIVE_INFINITY;
  onEnd: () => void = () => {};
  readonly #network: ProxyNetwork;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #pumps: readonly Pump[];
  #lostBytes = false;

  constructor(network: ProxyNetwork, client: Socket, server: Socket) {
    this.#network = network;
    this.#client = client;
    this.#server = server;
    this.#pumps = [new Pump(this, "to-server", client, server), new Pump(this, "to-client", server, client)];
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", () => this.cut());
      socket.on("close", () => this.#closed());
    }
  }

  get network(): ProxyNetwork {
    return this.#network;
  }

  /** Writes bytes through, or loses them, or cuts in the middle of them. */
  pass(direction: Direction, chunk: Buffer, to: Socket): void {
    if (this.#network.conditions.swallowed.has(direction)) {
      this.#lostBytes = true;
      return;
    }
    const allowed = chunk.subarray(0, Math.min(chunk.length, this.bytesLeft));
    this.bytesLeft -= allowed.length;
    this.#network.bytes[direction === "to-server" ? "toServer" : "toClient"] += allowed.length;
    if (allowed.length > 0 && !to.destroyed) to.write(allowed);
    if (this.bytesLeft === 0) this.cut();
  }

  /** A proxy that knows no WebSockets answers itself and hangs up. */
  refuseUpgrade(): void {
    this.#server.destroy();
    this.#client.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  }

  heal(): void {
    if (this.#lostBytes) this.cut();
    else for (const pump of this.#pumps) pump.drain();
  }

  cut(): void {
    for (const pump of this.#pumps) pump.stop();
    if (!this.#client.destroyed) this.#client.resetAndDestroy();
    this.#server.destroy();
    this.onEnd();
  }

  #closed(): void {
    if (this.#client.destroyed && this.#server.destroyed) this.onEnd();
  }
}

/** One direction of a link: holds chunks in order until their time has come. */
class Pump {
  readonly #link: Link;
  readonly #direction: Direction;
  readonly #to: Socket;
  readonly #queue: { chunk: Buffer | "end"; dueAt: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #first = true;

  constructor(link: Link, direction: Direction, from: Socket, to: Socket) {
    this.#link = link;
    this.#direction = direction;
    this.#to = to;
    from.on("data", chunk => this.#take(chunk as Buffer));
    from.on("end", () => this.#enqueue("end"));
  }

  drain(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#stopped && !this.#link.network.conditions.stalled) {
      const next = this.#queue[0];
      if (next === undefined) return;
      const waitMs = this.#link.network.conditions.delayMs === 0 ? 0 : next.dueAt - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.drain(), waitMs);
        return;
      }
      this.#queue.shift();
      if (next.chunk === "end") this.#to.end();
      else this.#link.pass(this.#direction, next.chunk, this.#to);
    }
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }

  #take(chunk: Buffer): void {
    const isFirst = this.#first;
    this.#first = false;
    if (isFirst && this.#direction === "to-server" && this.#link.network.conditions.blocksUpgrades) {
      if (/^upgrade:\s*websocket/im.test(chunk.toString("latin1"))) {
        this.#link.refuseUpgrade();
        return;
      }
    }
    this.#enqueue(chunk);
  }

  #enqueue(chunk: Buffer | "end"): void {
    const { delayMs, jitterMs } = this.#link.network.conditions;
    const dueAt = performance.now() + delayMs + jitterMs * this.#link.network.random.float();
    this.#queue.push({ chunk, dueAt });
    if (this.#timer === undefined) this.drain();
  }
}

/** A refused client may reset first; there is nobody left to tell. */
function ignoreReset(): void {}
