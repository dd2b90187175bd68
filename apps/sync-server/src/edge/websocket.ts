import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { AppError, ERRORS, type ErrorCode, LIMITS } from "@octavo/schema";
import { problemOf } from "@octavo/schema/http";
import { YJS_PATH } from "@octavo/schema/protocol";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import type { LiveRooms, SocketListener } from "../documents/client-socket.ts";
import { pathForLog } from "../logging/logger.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { HOCUSPOCUS_WIRE, LimitedWebSocket, WebSocketClient } from "./client-socket.ts";
import { WriteTurn } from "./joined-writes.ts";
import { createLine, type Line } from "./line.ts";
import { credentialsOfOrigin, type OriginRules } from "./origin.ts";
import { type Place, readSyncPath, readYjsPath, type YjsPlace } from "./sync-path.ts";
import { Unfinished } from "./unfinished.ts";
import { joinByYWebSocket, Y_WEBSOCKET_WIRE } from "./y-websocket.ts";

export interface SocketDoorOptions extends Partial<OriginRules> {
  rooms: Pick<LiveRooms, "connect">;
  metrics: Pick<Metrics, "sockets">;
  log: Logger;
  /** Shared by all ways in; closed with this door. One of its own where absent. */
  line?: Line;
  /** Time between two signs of life that a socket is asked for. */
  pingMs?: number;
  /** Longest time in which a socket hears nothing. */
  silenceMs?: number;
}

/** Who asks, as the trusted proxies and the socket say. */
interface Asker {
  address: string;
  protocol: "http" | "https";
  host: string;
}

interface Upgrade {
  request: IncomingMessage;
  stream: Duplex;
  head: Buffer;
  asker: Asker;
}

export interface SocketDoor {
  /** Takes an upgrade to a document's socket, or answers why not. Never throws. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, asker: Asker): void;
  /** Lets nobody in any more, and sends everybody away with SHUTTING_DOWN. */
  close(): void;
}

/** Who was sent away at the door comes back when most of the others are in. */
const RETRY_AFTER_SECONDS = 5;
/** Pieces of one message: ws would keep 16,384 of them, which cost far more memory than bytes. */
const MAX_FRAGMENTS = 1024;

/** Opens the way from an HTTP upgrade to a room. */
export function createSocketDoor(options: SocketDoorOptions): SocketDoor {
  const { rooms, metrics, log } = options;
  const rules: OriginRules = { url: options.url, embedOrigins: options.embedOrigins ?? [] };
  const sockets = new Set<WebSocketClient>();
  const shared = { turn: new WriteTurn(), unfinished: new Unfinished() };
  const line = options.line ?? createLine();
  let isClosed = false;
  const server = new WebSocketServer<typeof LimitedWebSocket>({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: LIMITS.frameBytes,
    maxFragments: MAX_FRAGMENTS,
    // Ours looks at what waits: ws would keep an answer to each for somebody who reads none.
    autoPong: false,
    WebSocket: LimitedWebSocket,
  });
  const pings = setInterval(() => {
    for (const socket of sockets) socket.checkAlive();
  }, options.pingMs ?? LIMITS.pingMs).unref();
  // Who heard something in one of two periods heard something within both.
  const silences = setInterval(
    () => {
      for (const socket of sockets) socket.breakSilence();
    },
    (options.silenceMs ?? LIMITS.serverSilenceMs) / 2,
  ).unref();

  /** Answers the upgrade; `leave` gives back the place that the socket has until its access is decided. */
  function accept(
    { request, stream, head, asker }: Upgrade,
    place: Place | YjsPlace,
    leave: () => void,
  ): void {
    const { protocol, host, address } = asker;
    const { documentId, handshake } = place;
    const credentials = credentialsOfOrigin({ origin: request.headers.origin, protocol, host }, rules);
    const yjs = "token" in place ? place : undefined;
    server.handleUpgrade(request, stream, head, webSocket => {
      const trusted = () => {
        stream.off("close", leave);
        leave();
      };
      const wire = yjs ? Y_WEBSOCKET_WIRE : HOCUSPOCUS_WIRE;
      const socket = new WebSocketClient(webSocket, stream, shared, trusted, wire);
      if (credentials === undefined) {
        log.warn({ event: "socket.refused", code: "ORIGIN_NOT_ALLOWED", documentId });
        // As a close and not as an HTTP status: a browser shows the script no status of an upgrade.
        turnAway(socket, "ORIGIN_NOT_ALLOWED");
        return;
      }
      const headers = headersOf(request);
      if (credentials === "token") headers.delete("cookie");
      const asked = { documentId, handshake, headers, address };
      const listener = yjs
        ? joinByYWebSocket(socket, yjs, client => rooms.connect(client, asked))
        : rooms.connect(socket, asked);
      keep(socket, listener, yjs ? "y-websocket" : "websocket");
    });
  }

  /** A function of its own: what its closures see lives as long as the socket, and the request must not. */
  function keep(socket: WebSocketClient, listener: SocketListener, transport: string): void {
    sockets.add(socket);
    metrics.sockets.inc({ transport });
    socket.listen(listener, () => {
      sockets.delete(socket);
      metrics.sockets.dec({ transport });
    });
  }

  /** Of an HTTP status y-websocket learns nothing: it would ask again for ever. */
  function acceptNowhere({ request, stream, head }: Upgrade, leave: () => void): void {
    server.handleUpgrade(request, stream, head, webSocket =>
      turnAway(new WebSocketClient(webSocket, stream, shared, leave, Y_WEBSOCKET_WIRE), "NOT_FOUND"),
    );
  }

  return {
    handleUpgrade(request, stream, head, asker) {
      // First of all: a peer that resets the connection must not be an exception.
      stream.on("error", destroyed);
      if (isClosed) {
        refuse(stream, request, "SHUTTING_DOWN");
        return;
      }
      const place = readSyncPath(request.url) ?? readYjsPath(request.url);
      if (place === undefined && !request.url?.startsWith(YJS_PATH)) {
        refuse(stream, request, "NOT_FOUND");
        return;
      }
      const upgrade = { request, stream, head, asker };
      const { entered, leave } = line.enter(asker.address);
      stream.on("close", leave);
      void entered.then(hasPlace => {
        if (stream.destroyed) leave();
        else if (isClosed) refuse(stream, request, "SHUTTING_DOWN");
        else if (!hasPlace) refuse(stream, request, "TOO_MANY_CONNECTIONS");
        else if (place === undefined) acceptNowhere(upgrade, leave);
        else accept(upgrade, place, leave);
      });
    },
    close() {
      clearInterval(pings);
      clearInterval(silences);
      isClosed = true;
      line.close();
      for (const socket of sockets) socket.close("SHUTTING_DOWN");
    },
  };
}

/** Keeps nothing of the request alive, as a closure would for as long as the connection. */
function destroyed(this: Duplex): void {
  this.destroy();
}

/** Closes a socket that no room is to hear of. */
function turnAway(socket: WebSocketClient, code: ErrorCode): void {
  socket.listen({ onFrame: () => {}, onClose: () => {}, onDrained: () => {} });
  socket.close(code);
}

/** Answers instead of the upgrade, with the same problem that the HTTP interface would answer. */
function refuse(stream: Duplex, { url }: IncomingMessage, code: ErrorCode): void {
  const problem = problemOf(new AppError(code), pathForLog(url));
  const body = JSON.stringify(problem);
  const retry = ERRORS[code].recovery === "retry" ? `Retry-After: ${RETRY_AFTER_SECONDS}\r\n` : "";
  stream.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\nConnection: close\r\n${retry}` +
      `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function headersOf(request: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === "string") headers.set(name, value);
  }
  return headers;
}
