import type { ErrorCode } from "@octavo/schema";
import type { Handshake } from "@octavo/schema/protocol";
import type { Rooms } from "./rooms.ts";

/** One person's line to the server, whichever transport carries it: what the edge gives and the rooms use. */
export interface ClientSocket {
  /** Bytes given to `send` that have not left the process. */
  readonly bufferedBytes: number;
  readonly isOpen: boolean;
  /** Sends a frame; on a closed socket nothing happens. A reader that does not read is closed with TOO_SLOW. */
  send(frame: Uint8Array): void;
  /** Closes with the code's number and word; without a code as a normal end. Later calls do nothing. */
  close(code?: ErrorCode): void;
  /** Stops and starts the arrival of frames. */
  pause(): void;
  resume(): void;
  /** Access was decided: limits for strangers end. */
  trust(): void;
}

/** What the rooms do with a socket's events; given to the edge by `connect`. */
export interface SocketListener {
  onFrame(frame: Uint8Array): void;
  /** Called once, also when this side closed. */
  onClose(): void;
  /** What waited to leave came down to half of `LIMITS.slowReaderBytes`, after it had been above all of it. */
  onDrained(): void;
}

/** What a socket asked for at its upgrade. */
export interface SocketRequest {
  documentId: string;
  handshake: Handshake;
  /** Of the upgrade; the rooms keep only what identifies the person. */
  headers: Headers;
  /** Of the client, after trusted proxies. */
  address: string;
}

/** The rooms as the edge and the process see them. */
export interface LiveRooms extends Rooms {
  /** Takes a socket; nothing is loaded before its access is decided. */
  connect(socket: ClientSocket, request: SocketRequest): SocketListener;
  /**
   * Takes no more connections, closes all with SHUTTING_DOWN, finishes appends, writes checkpoints. Ends by the
   * deadline whatever the store does. @throws APPEND_FAILED when something was left undone
   */
  drain(deadlineMs: number): Promise<void>;
}
