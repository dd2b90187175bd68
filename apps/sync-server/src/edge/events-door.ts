import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError, LIMITS } from "@octavo/schema";
import { problemOf } from "@octavo/schema/http";
import {
  CLOSE_HEADER,
  CONNECTION_HEADER,
  EVENT_STREAM_TYPE,
  FRAME_HEADER,
  LAST_EVENT_HEADER,
  readFrameNumber,
  readFrames,
} from "@octavo/schema/protocol";
import type { Logger } from "pino";
import type { LiveRooms } from "../documents/client-socket.ts";
import { pathForLog } from "../logging/logger.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { EventStream, type StreamTimes } from "./event-stream.ts";
import { HttpClient, type Outlet, type ResumeTimes } from "./http-client.ts";
import { createLine, type Line } from "./line.ts";
import { LongPoll } from "./long-poll.ts";
import { credentialsOfOrigin, type OriginRules } from "./origin.ts";
import { readBody } from "./request-body.ts";
import { type Place, readEventsPath } from "./sync-path.ts";
import { Unfinished } from "./unfinished.ts";

export interface EventsTimes extends StreamTimes, ResumeTimes {
  pollMs: number;
  serverSilenceMs: number;
}

export interface EventsDoorOptions extends Partial<OriginRules> {
  rooms: Pick<LiveRooms, "connect">;
  metrics: Pick<Metrics, "sockets">;
  log: Logger;
  /** Shared by all ways in. One of its own where absent. */
  line?: Line;
  /** Other times than those of LIMITS. */
  times?: Partial<EventsTimes>;
}

/** Who asks, as the trusted proxies and the socket say. */
interface Asker {
  address: string;
  protocol: "http" | "https";
  host: string;
}

export interface EventsDoor {
  /** Answers a request to a document's HTTP transports. */
  handleRequest(request: IncomingMessage, response: ServerResponse, asker: Asker): Promise<void>;
  /** Lets nobody in any more, sends everybody away with SHUTTING_DOWN, and waits that long for those who are between two polls. */
  close(patienceMs: number): Promise<void>;
}

/** Requests of one connection that may be in the middle of their body: one, and the repetition of one that got lost. */
const READERS = 2;
/** Connections that are over and whose client was not told yet; each costs a kilobyte for as long as it could resume. */
const UNTOLD = 1_000;
/** What waits for them, of all together. */
const UNTOLD_BYTES = 16 * 1024 * 1024;
const METHODS = "GET, POST";

/** Opens the way from requests to a room, for clients whose WebSockets do not get through. */
export function createEventsDoor(options: EventsDoorOptions): EventsDoor {
  return new Door(options);
}

/** What every request says of itself. */
interface Question {
  request: IncomingMessage;
  response: ServerResponse;
  place: Place;
  address: string;
  credentials: "cookie" | "token";
}

class Door implements EventsDoor {
  readonly #options: EventsDoorOptions;
  readonly #rules: OriginRules;
  readonly #times: EventsTimes;
  readonly #clients = new Map<string, HttpClient>();
  readonly #untold = new Set<HttpClient>();
  readonly #line: Line;
  readonly #unfinished = new Unfinished();
  #onAllTold = () => {};
  readonly #silences: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: EventsDoorOptions) {
    this.#options = options;
    this.#rules = { url: options.url, embedOrigins: options.embedOrigins ?? [] };
    this.#times = { ...LIMITS, ...options.times };
    this.#line = options.line ?? createLine();
    this.#silences = setInterval(() => {
      for (const client of this.#clients.values()) client.breakSilence();
    }, this.#times.serverSilenceMs / 2).unref();
  }

  async handleRequest(
    request: IncomingMessage,
    response: ServerResponse,
    { address, protocol, host }: Asker,
  ): Promise<void> {
    response.setHeader("cache-control", "no-store").setHeader("x-content-type-options", "nosniff");
    try {
      const place = readEventsPath(request.url);
      if (place === undefined) throw new AppError("NOT_FOUND");
      const { origin } = request.headers;
      const credentials = credentialsOfOrigin({ origin, protocol, host }, this.#rules);
      if (credentials === undefined) {
        const { log } = this.#options;
        log.warn({ event: "socket.refused", code: "ORIGIN_NOT_ALLOWED", documentId: place.documentId });
        throw new AppError("ORIGIN_NOT_ALLOWED");
      }
      if (origin !== undefined && credentials === "token") allowOrigin(response, origin);
      await this.#answer({ request, response, place, address, credentials });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      answerProblem(request, response, error);
    }
  }

  async close(patienceMs: number): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#silences);
    for (const client of [...this.#clients.values()]) client.close("SHUTTING_DOWN");
    if (this.#untold.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onAllTold = resolve;
    const patience = setTimeout(resolve, patienceMs);
    await promise;
    clearTimeout(patience);
    for (const client of [...this.#untold]) client.forget();
  }

  #answer(question: Question): void | Promise<void> {
    const { request, response } = question;
    switch (request.method) {
      case "OPTIONS":
        response.writeHead(204, { "access-control-max-age": "7200" }).end();
        return;
      case "POST":
        return request.headers[CONNECTION_HEADER] === undefined ? this.#open(question) : this.#take(question);
      case "GET":
        return this.#give(question);
      default:
        response.setHeader("allow", METHODS);
        throw new AppError("METHOD_NOT_ALLOWED");
    }
  }

  /** A POST without a connection opens one; its frames may be there already. */
  async #open({ request, response, place, address, credentials }: Question): Promise<void> {
    if (this.#isClosed) throw new AppError("SHUTTING_DOWN");
    const { entered, leave } = this.#line.enter(address);
    let client: HttpClient | undefined;
    // Who no longer waits for the answer needs no place.
    response.on("close", () => client ?? leave());
    try {
      if (!(await entered)) throw new AppError(this.#isClosed ? "SHUTTING_DOWN" : "TOO_MANY_CONNECTIONS");
      const { frames, bytes } = await framesOf(request, {
        maxBytes: LIMITS.unauthenticatedBytes,
        withinMs: LIMITS.authenticateMs,
        unfinished: this.#unfinished,
      });
      if (this.#isClosed) throw new AppError("SHUTTING_DOWN");
      client = this.#register(place.documentId, leave);
      const headers = headersOf(request);
      if (credentials === "token") headers.delete("cookie");
      client.listen(this.#options.rooms.connect(client, { ...place, headers, address }));
      const received = await client.take(1, frames, bytes);
      if (!client.isOpen) throw new AppError(client.closeCode);
      answerJson(response, { connection: client.id, received });
    } catch (error) {
      client?.forget();
      leave();
      throw error;
    }
  }

  /** A POST with frames, or with none as a sign of life; it may be the last. */
  async #take(question: Question): Promise<void> {
    const { request, response } = question;
    const client = this.#clientOf(question);
    if (client.readers === READERS) throw new AppError("TOO_MANY_REQUESTS");
    client.heard(lastEventOf(request));
    client.readers++;
    try {
      const withinMs = client.isTrusted ? undefined : LIMITS.authenticateMs;
      const { frames, bytes } = await framesOf(request, {
        maxBytes: client.bodyBytes,
        withinMs,
        unfinished: this.#unfinished,
      });
      const first = readFrameNumber(headerOf(request, FRAME_HEADER));
      if (first === undefined && frames.length > 0) throw new AppError("INVALID_REQUEST");
      const received = await client.take(first ?? 1, frames, bytes);
      if (!client.isOpen) throw new AppError(client.closeCode);
      if (headerOf(request, CLOSE_HEADER) !== undefined) client.forget();
      answerJson(response, { received });
    } catch (error) {
      // A request that was cut is sent again; one that is wrong would be wrong again.
      if (error instanceof AppError && (error.code === "TOO_LARGE" || error.code === "MALFORMED_FRAME"))
        client.close(error.code);
      throw error;
    } finally {
      client.readers--;
    }
  }

  /** A GET takes frames: those that wait, or all that come. */
  #give(question: Question): void {
    const { request, response } = question;
    const client = this.#clientOf(question);
    const lastEvent = lastEventOf(request) ?? 0;
    const isStream = request.headers.accept?.includes(EVENT_STREAM_TYPE) ?? false;
    const outlet = isStream
      ? new EventStream(response, client, this.#times)
      : new LongPoll(response, client, this.#times.pollMs);
    client.attach(outlet, lastEvent);
  }

  #register(documentId: string, leave: () => void): HttpClient {
    let counted: Outlet["transport"] | undefined;
    const { sockets } = this.#options.metrics;
    const count = (transport: Outlet["transport"] | undefined) => {
      if (counted) sockets.dec({ transport: counted });
      if (transport) sockets.inc({ transport });
      counted = transport;
    };
    const client = new HttpClient(randomBytes(16).toString("base64url"), documentId, this.#times, {
      onTrusted: leave,
      onTransport: transport => client.isOpen && count(transport),
      onClosed: () => {
        count(undefined);
        leave();
        this.#keepUntold(client);
      },
      onGone: () => {
        this.#untold.delete(client);
        if (this.#untold.size === 0) this.#onAllTold();
        this.#clients.delete(client.id);
      },
    });
    this.#clients.set(client.id, client);
    return client;
  }

  /** What its reader did not fetch yet waits a while, within bounds: the connection counts no more for its person. */
  #keepUntold(client: HttpClient): void {
    this.#untold.add(client);
    let bytes = 0;
    for (const { outbound } of this.#untold) bytes += outbound.bytes;
    for (const oldest of this.#untold) {
      if (this.#untold.size <= UNTOLD && bytes <= UNTOLD_BYTES) return;
      bytes -= oldest.outbound.bytes;
      oldest.forget();
    }
  }

  /** @throws CONNECTION_LOST for one that is not of this document, INVALID_REQUEST */
  #clientOf({ request, place }: Question): HttpClient {
    const id = headerOf(request, CONNECTION_HEADER);
    if (id === undefined) throw new AppError("INVALID_REQUEST");
    const client = this.#clients.get(id);
    if (client?.documentId !== place.documentId) throw new AppError("CONNECTION_LOST");
    return client;
  }
}

/** @throws TOO_LARGE, MALFORMED_FRAME, INVALID_REQUEST */
async function framesOf(
  request: IncomingMessage,
  how: Parameters<typeof readBody>[1],
): Promise<{ frames: Uint8Array[]; bytes: number }> {
  const body = await readBody(request, how);
  const frames = readFrames(body, LIMITS.postFrames);
  if (frames === undefined) throw new AppError("MALFORMED_FRAME");
  return { frames, bytes: body.length };
}

/** Undefined where there is none. @throws INVALID_REQUEST */
function lastEventOf(request: IncomingMessage): number | undefined {
  const text = headerOf(request, LAST_EVENT_HEADER);
  if (text === undefined) return undefined;
  const number = readFrameNumber(text);
  if (number === undefined) throw new AppError("INVALID_REQUEST");
  return number;
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

function headersOf(request: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === "string") headers.set(name, value);
  }
  return headers;
}

/** Without credentials: a page of another site has its token in the first frame. */
function allowOrigin(response: ServerResponse, origin: string): void {
  response
    .setHeader("access-control-allow-origin", origin)
    .setHeader("vary", "origin")
    .setHeader("access-control-allow-methods", METHODS)
    .setHeader(
      "access-control-allow-headers",
      ["content-type", CLOSE_HEADER, CONNECTION_HEADER, FRAME_HEADER, LAST_EVENT_HEADER].join(", "),
    )
    .setHeader("access-control-expose-headers", `${FRAME_HEADER}, ${CLOSE_HEADER}`);
}

function answerJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function answerProblem(request: IncomingMessage, response: ServerResponse, error: AppError): void {
  const problem = problemOf(error, pathForLog(request.url));
  // What is left of a body that was refused is not read.
  const connection = request.complete ? {} : { connection: "close" };
  response.writeHead(problem.status, { "content-type": "application/problem+json", ...connection });
  response.end(JSON.stringify(problem));
}
