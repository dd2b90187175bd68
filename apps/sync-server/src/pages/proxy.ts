import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream";

/** Where a request goes and what its answer carries besides its own headers. */
export interface ProxyTarget {
  origin: string;
  /** What the request carries besides its own headers, and nothing of the client's takes away. */
  requestHeaders: OutgoingHttpHeaders;
  responseHeaders: OutgoingHttpHeaders;
  /** Called instead of an answer when the pages cannot be reached and nothing was sent yet. */
  onUnreachable: () => void;
}

/** Longer than any page takes, shorter than a proxy in front of us waits. */
const ANSWER_MS = 55_000;
/** Below the 75 s for which we ask the pages to keep a connection, so that they rarely close one that we just took. */
const IDLE_SOCKET_MS = 30_000;

/** RFC 9110 §7.6.1: these concern one hop only. So does `Expect`: Node has answered it already. */
const HOP_BY_HOP = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Streams requests to the pages over kept connections. */
export class PageProxy {
  readonly #httpAgent = new HttpAgent({ keepAlive: true, timeout: IDLE_SOCKET_MS });
  readonly #httpsAgent = new HttpsAgent({ keepAlive: true, timeout: IDLE_SOCKET_MS });

  /** Sends the request on and its answer back; a client that leaves ends both. */
  forward(request: IncomingMessage, response: ServerResponse, target: ProxyTarget, isRetry = false): void {
    const upstream = this.#open(request, target);
    const abandon = () => upstream.destroy();
    response.once("close", abandon);

    upstream.once("response", answer => {
      const headers = { ...withoutInternals(endToEnd(answer.headers)), ...target.responseHeaders };
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, headers);
      // An answer that breaks off breaks off for the client too: its length or last chunk is missing.
      pipeline(answer, response, error => error && response.destroy());
    });
    upstream.once("error", error => {
      response.off("close", abandon);
      if (response.headersSent || response.destroyed) response.destroy();
      else if (!isRetry && canRepeat(request, upstream, error)) this.forward(request, response, target, true);
      else target.onUnreachable();
    });
    upstream.setTimeout(ANSWER_MS, () => {
      if (!response.headersSent) upstream.destroy(new Error("The pages did not answer in time."));
    });

    if (hasBody(request.headers)) pipeline(request, upstream, error => error && upstream.destroy());
    else upstream.end();
  }

  /** Joins a client that asked for another protocol with the pages; used for hot reload only. */
  forwardUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, target: ProxyTarget): void {
    const upstream = this.#open(request, target, { connection: "Upgrade", upgrade: request.headers.upgrade });
    const end = () => {
      upstream.destroy();
      socket.destroy();
    };
    socket.once("error", end).once("close", end);
    upstream.once("error", end);
    upstream.once("response", end);
    upstream.once("upgrade", (answer, peer, peerHead) => {
      const lines = answer.rawHeaders.flatMap((name, index, all) =>
        index % 2 === 0 ? [`${name}: ${all[index + 1]}`] : [],
      );
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
      socket.write(peerHead);
      peer.write(head);
      pipeline(socket, peer, socket, end);
    });
    upstream.end();
  }

  close(): void {
    this.#httpAgent.destroy();
    this.#httpsAgent.destroy();
  }

  #open(request: IncomingMessage, target: ProxyTarget, more: OutgoingHttpHeaders = {}): ClientRequest {
    const url = new URL(target.origin);
    const isSecure = url.protocol === "https:";
    return (isSecure ? httpsRequest : httpRequest)({
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port,
      agent: isSecure ? this.#httpsAgent : this.#httpAgent,
      method: request.method,
      path: request.url,
      headers: {
        ...endToEnd(request.headers),
        ...framingOf(request.headers),
        ...target.requestHeaders,
        ...more,
      },
      setHost: false,
    });
  }
}

/** The headers that travel on: not those of one hop, nor those that `Connection` declares to be. */
function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = new Set((headers.connection ?? "").split(",").map(name => name.trim().toLowerCase()));
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name) && !named.has(name)),
  );
}

/** Next tells by these what it did with a request, with the address that it has on the loopback. */
function withoutInternals(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith("x-middleware-")));
}

/**
 * Where the body ends, said anew whatever the method is and `Connection` declares: a body that ends nowhere would be
 * read by the pages as the next request of a connection that others use too.
 */
function framingOf(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  if (headers["transfer-encoding"] !== undefined) return { "transfer-encoding": "chunked" };
  const length = headers["content-length"];
  return length === undefined ? {} : { "content-length": length };
}

function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** A kept connection may have been closed by the other side while our request was on its way (RFC 9112 §9.3.1). */
function canRepeat(request: IncomingMessage, upstream: ClientRequest, error: Error): boolean {
  const isSafe = (request.method === "GET" || request.method === "HEAD") && !hasBody(request.headers);
  return isSafe && upstream.reusedSocket && (error as NodeJS.ErrnoException).code === "ECONNRESET";
}
