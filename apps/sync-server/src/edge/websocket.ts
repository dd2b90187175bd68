import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { AppError, ERRORS, type ErrorCode, LIMITS } from "@octavo/schema";
import { problemOf } from "@octavo/schema/http";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import type { LiveRooms } from "../documents/client-socket.ts";
import { pathForLog } from "../logging/logger.ts";
import { LimitedWebSocket, WebSocketClient } from "./client-socket.ts";
import { createLine, type Line } from "./line.ts";
import { credentialsOfOrigin, type OriginRules } from "./origin.ts";
import { type Place, readSyncPath } from "./sync-path.ts";

export interface SocketDoorOptions extends Partial<OriginRules> {
  rooms: Pick<LiveRooms, "connect">;
  log: Logger;
  /** Shared by all ways in; closed with this door. One of its own where absent. */
  line?: Line;
  /** Time between two signs of life that a socket is asked for. */
  pingMs?: number;
}

/** Who asks, as the trusted proxies and the socket say. */
interface Asker {
  address: string;
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
/** Common proxies end a silent connection after 30 or 60 s. */
const PING_MS = 25_000;
/** Pieces of one message: ws would keep 16,384 of them, which cost far more memory than bytes. */
const MAX_FRAGMENTS = 1024;

/** Opens the way from an HTTP upgrade to a room. */
export function createSocketDoor(options: SocketDoorOptions): SocketDoor {
  const { rooms, log } = options;
  const rules: OriginRules = { url: options.url, embedOrigins: options.embedOrigins ?? [] };
  const sockets = new Set<WebSocketClient>();
  const line = options.line ?? createLine();
  let isClosed = false;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: LIMITS.frameBytes,
    maxFragments: MAX_FRAGMENTS,
    WebSocket: LimitedWebSocket,
  });
  const pings = setInterval(() => {
    for (const socket of sockets) socket.checkAlive();
  }, options.pingMs ?? PING_MS).unref();

  /** Answers the upgrade; `leave` gives back the place that the socket has until its access is decided. */
  function accept({ request, stream, head, asker }: Upgrade, place: Place, leave: () => void): void {
    const credentials = credentialsOfOrigin({ origin: request.headers.origin, host: asker.host }, rules);
    server.handleUpgrade(request, stream, head, webSocket => {
      const socket = new WebSocketClient(webSocket, stream, leave);
      if (credentials === undefined) {
        log.warn({ event: "socket.refused", code: "ORIGIN_NOT_ALLOWED", documentId: place.documentId });
        // As a close and not as an HTTP status: a browser shows the script no status of an upgrade.
        socket.listen({ onFrame: () => {}, onClose: () => {}, onDrained: () => {} });
        socket.close("ORIGIN_NOT_ALLOWED");
        return;
      }
      const headers = headersOf(request);
      if (credentials === "token") headers.delete("cookie");
      const listener = rooms.connect(socket, { ...place, headers, address: asker.address });
      sockets.add(socket);
      socket.listen({
        onFrame: frame => listener.onFrame(frame),
        onDrained: () => listener.onDrained(),
        onClose: () => {
          sockets.delete(socket);
          listener.onClose();
        },
      });
    });
  }

  return {
    handleUpgrade(request, stream, head, asker) {
      // First of all: a peer that resets the connection must not be an exception.
      stream.on("error", () => stream.destroy());
      if (isClosed) {
        refuse(stream, request, "SHUTTING_DOWN");
        return;
      }
      const place = readSyncPath(request.url);
      if (place === undefined) {
        refuse(stream, request, "NOT_FOUND");
        return;
      }
      const { entered, leave } = line.enter(asker.address);
      stream.on("close", leave);
      void entered.then(hasPlace => {
        if (stream.destroyed) leave();
        else if (isClosed) refuse(stream, request, "SHUTTING_DOWN");
        else if (hasPlace) accept({ request, stream, head, asker }, place, leave);
        else refuse(stream, request, "TOO_MANY_CONNECTIONS");
      });
    },
    close() {
      clearInterval(pings);
      isClosed = true;
      line.close();
      for (const socket of sockets) socket.close("SHUTTING_DOWN");
    },
  };
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
