/**
 * The sync protocol over HTTP requests, for where WebSockets do not pass. The frames are the same; both directions
 * number them from 1. A POST opens a connection and carries frames up; a GET carries frames down, as events of a
 * stream that stays open or as the answer to a poll.
 */
import { z } from "zod";
import { type Handshake, SYNC_PATH, syncPath } from "./paths.ts";

/** What follows a document's id in the address of its HTTP transports. */
export const EVENTS_SUFFIX = "/events";
/** The id of an open connection, in every request but the one that opens it: never in an address, which logs keep. */
export const CONNECTION_HEADER = "octavo-connection";
/** Number of the first frame in a body. */
export const FRAME_HEADER = "octavo-frame";
/** In the last POST of a connection: it is over when the frames are taken. In an answer to a poll: a CloseNotice, for after its frames. */
export const CLOSE_HEADER = "octavo-close";
/** Number of the last frame that the client has, in any of its requests. */
export const LAST_EVENT_HEADER = "last-event-id";
/** Content type of a body that is frames. */
export const FRAMES_TYPE = "application/octet-stream";
export const EVENT_STREAM_TYPE = "text/event-stream";

/** 128 bits, base64url. */
const connectionId = z.string().regex(/^[\w-]{22}$/);
const frameNumber = z.number().int().nonnegative();

/** Answer to a POST with frames: the number of the last one that was taken. */
export const framesReceived = z.object({ received: frameNumber });
/** Answer to the POST that opens a connection. */
export const connectionOpened = z.object({ connection: connectionId, received: frameNumber });
/** Last event of a stream, or answer to a poll: the connection is over, as a WebSocket's close would say it. */
export const closeNotice = z.object({
  code: z.number().int().min(1000).max(4999),
  reason: z.string().max(123),
});
export type CloseNotice = z.infer<typeof closeNotice>;

/** Path and query of a document's HTTP transports. */
export function eventsPath(documentId: string, handshake: Handshake): string {
  const [path = "", query] = syncPath(documentId, handshake).split("?", 2);
  return `${path}${EVENTS_SUFFIX}${query === undefined ? "" : `?${query}`}`;
}

/** The address of the HTTP transports that belongs to a sync socket's. */
export function eventsUrlOf(socketUrl: string): string {
  const url = new URL(socketUrl);
  url.protocol = url.protocol === "wss:" || url.protocol === "https:" ? "https:" : "http:";
  url.pathname += EVENTS_SUFFIX;
  return url.href;
}

/** Whether a path is one of the HTTP transports, whatever document it names. */
export function isEventsPath(path: string): boolean {
  return path.startsWith(SYNC_PATH) && path.endsWith(EVENTS_SUFFIX);
}

/** Bytes before each frame of a body: its length, big-endian. */
const LENGTH_BYTES = 4;

/** Frames as the body of a request or an answer. */
export function writeFrames(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(frames.reduce((sum, { length }) => sum + LENGTH_BYTES + length, 0));
  const view = new DataView(body.buffer);
  let at = 0;
  for (const frame of frames) {
    view.setUint32(at, frame.length);
    body.set(frame, at + LENGTH_BYTES);
    at += LENGTH_BYTES + frame.length;
  }
  return body;
}

/** The frames of a body, as views into it; undefined where it is not at most so many frames of at least one byte. */
export function readFrames(body: Uint8Array, maxFrames: number): Uint8Array[] | undefined {
  const frames: Uint8Array[] = [];
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  for (let at = 0; at < body.length; ) {
    if (frames.length === maxFrames || body.length - at < LENGTH_BYTES) return undefined;
    const length = view.getUint32(at);
    at += LENGTH_BYTES;
    if (length === 0 || length > body.length - at) return undefined;
    frames.push(body.subarray(at, at + length));
    at += length;
  }
  return frames;
}

/** A number in a header; undefined for anything but a whole number that a double holds exactly. */
export function readFrameNumber(text: string | null | undefined): number | undefined {
  return typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
