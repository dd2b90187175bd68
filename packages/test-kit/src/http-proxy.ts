import { once } from "node:events";
import { createServer, type IncomingMessage, request as requestOf, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";

/** What becomes of a WebSocket's upgrade: passed on, answered with a status, left without an answer, or taken and then mute. */
export type UpgradeConduct = "pass" | "hang" | "mute" | number;

/** A reverse proxy that speaks HTTP, and does to it what proxies between people and servers do. */
export interface HttpProxy extends AsyncDisposable {
  readonly url: string;
  /** Requests that asked for a WebSocket, and all others. */
  readonly seen: { upgrades: number; requests: number };
  /** Sends later requests to another port. */
  target(port: number): void;
  upgrades(conduct: UpgradeConduct): void;
  /** Keeps each answer until it is complete, as virus scanners do; one that never ends never arrives. */
  bufferAnswers(isOn: boolean): void;
  /** Cuts an exchange on which nothing moved for so long. */
  cutIdleAfter(ms: number | undefined): void;
  /** Cuts each exchange this long after it began, whatever it does. */
  cutAllAfter(ms: number | undefined): void;
  /** Cuts everything that is open now. */
  cut(): void;
}

/** Of one hop, and not for the next (RFC 9110, 7.6.1). */
const HOP_HEADERS = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade"]);

/** Starts a proxy to `127.0.0.1:targetPort`. */
export async function createHttpProxy(targetPort: number): Promise<HttpProxy> {
  const proxy = new ReverseProxy(targetPort);
  await proxy.listen();
  return proxy;
}

class ReverseProxy implements HttpProxy {
  readonly seen = { upgrades: 0, requests: 0 };
  readonly #server = createServer();
  readonly #open = new Set<() => void>();
  #targetPort: number;
  #upgrades: UpgradeConduct = "pass";
  #isBuffering = false;
  #idleMs: number | undefined;
  #longestMs: number | undefined;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server.on("request", (request, response) => this.#passOn(request, response));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  target(port: number): void {
    this.#targetPort = port;
  }

  upgrades(conduct: UpgradeConduct): void {
    this.#upgrades = conduct;
  }

  bufferAnswers(isOn: boolean): void {
    this.#isBuffering = isOn;
  }

  cutIdleAfter(ms: number | undefined): void {
    this.#idleMs = ms;
  }

  cutAllAfter(ms: number | undefined): void {
    this.#longestMs = ms;
  }

  cut(): void {
    for (const end of [...this.#open]) end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.cut();
    this.#server.closeAllConnections();
  }

  #passOn(request: IncomingMessage, response: ServerResponse): void {
    this.seen.requests++;
    const onward = requestOf({
      port: this.#targetPort,
      host: "127.0.0.1",
      method: request.method,
      path: request.url,
      headers: withoutHop(request),
    });
    const moved = this.#watch(response, () => {
      onward.destroy();
      response.destroy();
      request.socket.destroy();
    });
    onward.on("response", answer => {
      answer.on("data", moved).on("error", () => response.destroy());
      void this.#answer(answer, response);
    });
    onward.on("error", () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>");
    });
    response.on("close", () => onward.destroy());
    request.on("data", moved).on("error", () => onward.destroy());
    request.pipe(onward);
  }

  async #answer(answer: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = withoutHop(answer);
    const status = answer.statusCode ?? 502;
    if (!this.#isBuffering) {
      response.writeHead(status, headers);
      // Or a stream would begin with its first byte.
      response.flushHeaders();
      answer.pipe(response);
      return;
    }
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("end", () => response.writeHead(status, headers).end(Buffer.concat(chunks)));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.seen.upgrades++;
    socket.on("error", () => socket.destroy());
    const conduct = this.#upgrades;
    if (typeof conduct === "number") {
      socket.end(`HTTP/1.1 ${conduct} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const moved = this.#watch(socket, () => socket.destroy());
    if (conduct === "hang") return;
    const onward = requestOf({
      port: this.#targetPort,
      host: "127.0.0.1",
      path: request.url,
      headers: request.headers,
    });
    onward.on("error", () => socket.destroy());
    onward.on("response", answer => {
      socket.end(`HTTP/1.1 ${answer.statusCode} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      answer.resume();
    });
    onward.on("upgrade", (answer, upstream: Socket, rest) => {
      upstream.on("error", () => upstream.destroy());
      socket.on("close", () => upstream.destroy());
      upstream.on("close", () => socket.destroy());
      const lines = answer.rawHeaders.flatMap((name, at, all) => (at % 2 ? [] : [`${name}: ${all[at + 1]}`]));
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
      if (conduct === "mute") {
        socket.resume();
        upstream.resume();
        return;
      }
      socket.write(rest);
      upstream.write(head);
      socket.on("data", moved).pipe(upstream);
      upstream.on("data", moved).pipe(socket);
    });
    onward.end();
  }

  /** Ends an exchange when it is time; what is answered says that something moved. */
  #watch(exchange: ServerResponse | Duplex, end: () => void): () => void {
    let idle: NodeJS.Timeout | undefined;
    const moved = () => {
      clearTimeout(idle);
      if (this.#idleMs !== undefined) idle = setTimeout(end, this.#idleMs);
    };
    const longest = this.#longestMs === undefined ? undefined : setTimeout(end, this.#longestMs);
    this.#open.add(end);
    exchange.on("close", () => {
      clearTimeout(idle);
      clearTimeout(longest);
      this.#open.delete(end);
    });
    moved();
    return moved;
  }
}

function withoutHop({ headers }: IncomingMessage): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name]) => !HOP_HEADERS.has(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}
