import { createHash, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { AppError, LIMITS } from "@octavo/schema";
import { problemOf } from "@octavo/schema/http";
import { isEventsPath, LINK_PATH, YJS_PATH } from "@octavo/schema/protocol";
import type { Clock } from "./clock.ts";
import { type Requester, type RequestHead, removeClaims } from "./config/requester.ts";
import { type Log, pathForLog } from "./logging/logger.ts";
import type { Metrics } from "./metrics/metrics.ts";

/** What the API learns of a request besides the request itself. */
export interface RequestBindings {
  /** Address of the client after trusted proxies. */
  clientAddress: string;
  /** Scheme, host and port as the browser sees them, or the configured public origin. */
  origin: string;
  /** Calls back once the answer left in full, or nobody is there any more to take it. */
  onAnswered: (callback: () => void) => void;
}

/** Whether the server can do its work; `reasons` are for the administrator, in a few words. */
export interface Readiness {
  isReady: boolean;
  reasons: readonly string[];
}

export interface DoorParts {
  requesterOf: (request: RequestHead) => Requester;
  /**
   * The API and share links. The request's URL carries the origin that the browser sees. An answer with the header
   * `passToPages` is given by the pages instead.
   */
  api: (request: Request, bindings: RequestBindings) => Response | Promise<Response>;
  passToPages: string;
  sockets: (request: IncomingMessage, socket: Duplex, head: Buffer, requester: Requester) => void;
  /** Documents over HTTP requests; an answer may stay open for as long as its document. */
  events: (request: IncomingMessage, response: ServerResponse, requester: Requester) => Promise<void>;
  /** Absent where this server has no pages. */
  pages: () => DoorPages | undefined;
  readiness: () => Promise<Readiness>;
  /** Public origin; undefined means the effective host of each request. */
  url: string | undefined;
  metrics: Metrics;
  metricsToken: string | undefined;
  clock: Clock;
  log: Log;
}

interface DoorPages {
  handle(request: IncomingMessage, response: ServerResponse, requester: Requester): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, requester: Requester): void;
}

/** A header that dribbles in holds a socket; an honest one is here in one round trip. */
const HEADERS_TIMEOUT_MS = 5_000;
/** The largest import (20 MiB) over a slow uplink (2 Mbit/s) takes 80 s. */
const REQUEST_TIMEOUT_MS = 120_000;
/** Who takes nothing of an answer for so long is gone; sockets and event streams have their own times. */
const UNREAD_MS = 120_000;
/** Above the 60 s that common proxies keep a connection to us, so that they and not we close it. */
const KEEP_ALIVE_MS = 65_000;
/** Strangers may ask for readiness; the disk answers once a second. */
const READINESS_MS = 1_000;
const SOCKET_PATHS = ["/sync/", YJS_PATH];

type Part = "health" | "metrics" | "api" | "events" | "pages" | "refused";

export interface Door {
  /** Answers the port. @throws the system's error where it cannot be had */
  listen(port: number, host: string): Promise<number>;
  /** Takes nobody in any more, waits that long for answers on their way, then cuts off who is left. Sockets stay. */
  close(patienceMs: number): Promise<void>;
}

/** The one port: tells sockets, API and pages apart and answers for its own health. Not listening yet. */
export function openDoor(parts: DoorParts): Door {
  const { metrics, clock, log } = parts;
  const readiness = atMostEvery(READINESS_MS, clock, parts.readiness);

  /** Who asks; what others claim about that is gone from the request afterwards. */
  function admit(request: IncomingMessage): Requester {
    const requester = parts.requesterOf(request);
    if (!requester.isOurPages) removeClaims(request);
    return requester;
  }

  async function answer(part: Part, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requester = admit(request);
    // Links, cookies and the API's own address are made of the host: with one that is none they would mean others.
    switch (requester.host === "" && part !== "health" && part !== "metrics" ? "refused" : part) {
      case "refused":
        return answerProblem(request, response, new AppError("INVALID_REQUEST"));
      case "health":
        return answerHealth(request, response);
      case "metrics":
        return answerMetrics(request, response);
      case "api":
        return answerApi(request, response, requester);
      case "events":
        return parts.events(request, response, requester);
      case "pages":
        return answerPages(request, response, requester);
    }
  }

  async function answerHealth(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (pathOf(request) === "/healthz") return answerJson(response, 200, { status: "alive" });
    const { isReady, reasons } = await readiness();
    answerJson(response, isReady ? 200 : 503, { status: isReady ? "ready" : "not ready", reasons });
  }

  async function answerMetrics(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isBearer(request.headers.authorization, parts.metricsToken)) {
      return answerProblem(request, response, new AppError("NOT_FOUND"));
    }
    const body = await metrics.registry.metrics();
    response
      .writeHead(200, { "content-type": metrics.registry.contentType, "cache-control": "no-store" })
      .end(body);
  }

  async function answerApi(
    request: IncomingMessage,
    response: ServerResponse,
    requester: Requester,
  ): Promise<void> {
    const origin = parts.url ?? originOf(requester);
    const path = request.url ?? "/";
    // An absolute URL is what the listener takes for the request's own; a client's was refused before.
    request.url = origin + path;
    const listener = getRequestListener(
      async api => {
        const onAnswered = (callback: () => void) => {
          if (response.closed) callback();
          else response.once("close", callback);
        };
        const result = await parts.api(api, { clientAddress: requester.address, origin, onAnswered });
        if (!result.headers.has(parts.passToPages)) return result;
        request.url = path;
        answerPages(request, response, requester);
        return RESPONSE_ALREADY_SENT;
      },
      // The listener's own Request replaces the global one: Hono makes new requests of it (body limits), and the
      // platform's class does not take it.
      { errorHandler: problemResponse },
    );
    await listener(request, response);
  }

  function answerPages(request: IncomingMessage, response: ServerResponse, requester: Requester): void {
    const pages = parts.pages();
    if (pages === undefined) {
      answerProblem(request, response, new AppError("NOT_FOUND"));
      return;
    }
    const path = pathForLog(request.url);
    const startedAt = clock.monotonic();
    response.once("close", () => {
      const durationMs = Math.round(clock.monotonic() - startedAt);
      // 499: the client left before the answer was out.
      const status = response.writableFinished ? response.statusCode : 499;
      metrics.httpRequests.observe(
        { part: "pages", status: `${Math.floor(status / 100)}xx` },
        durationMs / 1000,
      );
      log[status >= 500 ? "warn" : "debug"]({
        event: "pages.request",
        method: request.method,
        path,
        status,
        durationMs,
      });
    });
    pages.handle(request, response, requester);
  }

  const unanswered = new Set<ServerResponse>();
  let onAllAnswered = () => {};
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1_000,
      // Answered by us, with a code.
      requireHostHeader: false,
    },
    (request, response) => {
      const part = partOf(request);
      unanswered.add(response);
      response.once("close", () => {
        unanswered.delete(response);
        if (unanswered.size === 0) onAllAnswered();
      });
      answer(part, request, response).catch((error: unknown) => {
        log.error({ event: "http.failed", part, error });
        if (response.headersSent) response.destroy();
        else answerProblem(request, response, new AppError("INTERNAL", undefined, { cause: error }));
      });
    },
  );

  server.timeout = UNREAD_MS;
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A peer that goes away must not be an exception.
    socket.on("error", destroyed);
    const requester = admit(request);
    const path = pathOf(request);
    const pages = parts.pages();
    if (SOCKET_PATHS.some(prefix => path.startsWith(prefix))) parts.sockets(request, socket, head, requester);
    else if (pages && path.startsWith("/_next/")) pages.handleUpgrade(request, socket, head, requester);
    else socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });

  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const status = CLIENT_ERRORS[error.code ?? ""] ?? "400 Bad Request";
    // A client that opened one connection more than it needed would take the words for the answer to its next request.
    const isUnused = error.code === "ERR_HTTP_REQUEST_TIMEOUT" && (socket as Socket).bytesRead === 0;
    if (socket.writable && error.code !== "ECONNRESET" && !isUnused)
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    else socket.destroy();
  });
  return {
    async listen(port, host) {
      server.listen({ port, host, backlog: LIMITS.listenBacklog });
      await once(server, "listening");
      return (server.address() as AddressInfo).port;
    },
    async close(patienceMs) {
      server.close();
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), patienceMs);
      if (unanswered.size > 0) {
        await new Promise<void>(resolve => {
          onAllAnswered = resolve;
        });
      }
      clearTimeout(timer);
      server.closeAllConnections();
    },
  };
}

/** Keeps nothing of the request alive, as a closure would for as long as the connection. */
function destroyed(this: Duplex): void {
  this.destroy();
}

const CLIENT_ERRORS: Record<string, string> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

function partOf(request: IncomingMessage): Part {
  const url = request.url ?? "";
  // An absolute or doubled address could mean another host to whatever stands behind us, and so could no host.
  if (!url.startsWith("/") || url.startsWith("//") || !request.headers.host) return "refused";
  const path = pathOf(request);
  if (path === "/healthz" || path === "/readyz") return "health";
  if (path === "/metrics") return "metrics";
  if (isEventsPath(path)) return "events";
  return path === "/api" || path.startsWith("/api/") || path.startsWith(LINK_PATH) ? "api" : "pages";
}

function originOf(requester: Requester): string {
  return `${requester.protocol}://${requester.host}`;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { "content-type": "application/json", "cache-control": "no-store" })
    .end(JSON.stringify(body));
}

function answerProblem(request: IncomingMessage, response: ServerResponse, error: AppError): void {
  const problem = problemOf(error, pathForLog(request.url));
  response.writeHead(problem.status, { "content-type": "application/problem+json", connection: "close" });
  response.end(JSON.stringify(problem));
}

/** What the API itself could not turn into an answer: a request whose address is none. */
function problemResponse(cause: unknown): Response {
  const error = cause instanceof AppError ? cause : new AppError("INVALID_REQUEST", undefined, { cause });
  const problem = problemOf(error, "");
  return Response.json(problem, {
    status: problem.status,
    headers: { "content-type": "application/problem+json" },
  });
}

/** Compares hashes, so that neither length nor content of the token shows in the time. */
function isBearer(header: string | undefined, token: string | undefined): boolean {
  if (token === undefined) return false;
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(header ?? ""), hash(`Bearer ${token}`));
}

/** The last answer again while it is fresh; one question at a time. */
function atMostEvery<T>(ms: number, clock: Clock, ask: () => Promise<T>): () => Promise<T> {
  let last: { at: number; answer: Promise<T> } | undefined;
  return () => {
    if (last === undefined || clock.monotonic() - last.at >= ms)
      last = { at: clock.monotonic(), answer: ask() };
    return last.answer;
  };
}
