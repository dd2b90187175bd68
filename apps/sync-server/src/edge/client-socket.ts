import type { Duplex } from "node:stream";
import { ERRORS, type ErrorCode, LIMITS } from "@octavo/schema";
import { WebSocket } from "ws";
import type { ClientSocket, SocketListener } from "../documents/client-socket.ts";
import { JoinedWrites, type WriteTurn } from "./joined-writes.ts";
import type { Part, Unfinished } from "./unfinished.ts";

/** Frames of one byte are signs of life between Hocuspocus' provider and server; no document's name is before them. */
const PING = 9;
const PONG = 10;

const PONG_FRAME = Uint8Array.of(PONG);

/** What tells the protocols on a WebSocket apart before a frame is read. */
export interface Wire {
  /** Said where nothing else was for a while: a server that says nothing is dead to some clients. */
  signOfLife: Uint8Array;
  /** Whether frames of one byte are signs of life and no messages. */
  hasBytesOfLife: boolean;
}

export const HOCUSPOCUS_WIRE: Wire = { signOfLife: Uint8Array.of(PING), hasBytesOfLife: true };

/** What all sockets of a server have in common. */
export interface SharedBySockets {
  readonly turn: WriteTurn;
  readonly unfinished: Unfinished;
}

/** A reader that does not read does not read our close frame either. */
const CLOSE_PATIENCE_MS = 5_000;

/** What may still wait for a reader that is told to have caught up. */
const DRAINED_BYTES = LIMITS.slowReaderBytes / 2;

/**
 * The class that our WebSocketServer makes: a frame over the limit ends with our number and word, not with a bare
 * 1009, of which a client would think that it may come back.
 */
export class LimitedWebSocket extends WebSocket {
  /** Whose it is. */
  client: WebSocketClient | undefined;

  override close(code?: number, reason?: string | Buffer): void {
    if (code === 1009) super.close(ERRORS.TOO_LARGE.closeCode, "TOO_LARGE");
    else super.close(code, reason);
  }
}

// The same functions for all sockets, and not four closures for each.

function onMessage(this: WebSocket, data: unknown, isBinary: boolean): void {
  clientOf(this)?.received(data as Buffer, isBinary);
}

function onPong(this: WebSocket, data: Buffer): void {
  clientOf(this)?.heard(data);
}

function onPing(this: WebSocket, data: Buffer): void {
  clientOf(this)?.pinged(data);
}

function onError(): void {}

function onClose(this: WebSocket): void {
  clientOf(this)?.closed();
}

function clientOf(socket: WebSocket): WebSocketClient | undefined {
  return (socket as LimitedWebSocket).client;
}

/** One WebSocket as the rooms see it. */
export class WebSocketClient implements ClientSocket, Part {
  readonly #socket: LimitedWebSocket;
  readonly #stream: Duplex;
  #onTrusted: (() => void) | undefined;
  #onClosed: (() => void) | undefined;
  readonly #wire: Wire;
  readonly #writes: JoinedWrites;
  readonly #unfinished: Unfinished;
  /** Of a message that is not here in full, at most a chunk more. */
  #partBytes = 0;
  #listener: SocketListener | undefined;
  #isTrusted = false;
  #strangerBytes = 0;
  #isClosing = false;
  #isPaused = false;
  #isAlive = true;
  #hasSpoken = false;
  #allowedBytes: number = LIMITS.outboundBufferBytes;
  #patience: NodeJS.Timeout | undefined;

  /** `stream` is the socket below, of which everything is counted until `trust`; then `onTrusted` is called. */
  constructor(
    socket: LimitedWebSocket,
    stream: Duplex,
    { turn, unfinished }: SharedBySockets,
    onTrusted: () => void,
    wire = HOCUSPOCUS_WIRE,
  ) {
    this.#socket = socket;
    this.#wire = wire;
    this.#stream = stream;
    this.#onTrusted = onTrusted;
    this.#unfinished = unfinished;
    this.#writes = new JoinedWrites(stream, turn, this);
    stream.on("data", this.#countStranger).on("data", this.#countPart);
  }

  /** Begins to hand on frames; `onClosed` is called before the listener hears of the end. */
  listen(listener: SocketListener, onClosed?: () => void): void {
    this.#listener = listener;
    this.#onClosed = onClosed;
    const socket = this.#socket;
    socket.client = this;
    socket.on("message", onMessage);
    socket.on("pong", onPong);
    socket.on("ping", onPing);
    // What is wrong with the stream ends it: `close` follows.
    socket.on("error", onError);
    socket.on("close", onClose);
  }

  /** Called with what ws received. */
  received(data: Buffer, isBinary: boolean): void {
    this.#receive(data, isBinary);
  }

  /** A ping or a pong came: it lives. */
  heard(data: Buffer): void {
    this.#isAlive = true;
    this.#partBytes -= data.length;
  }

  pinged(data: Buffer): void {
    this.heard(data);
    if (this.isOpen && this.bufferedBytes <= DRAINED_BYTES) this.#socket.pong(data);
  }

  /** The WebSocket has ended. */
  closed(): void {
    clearTimeout(this.#patience);
    this.#writes.drop();
    this.#stream.off("data", this.#countStranger).off("data", this.#countPart);
    this.#unfinished.done(this);
    this.#onClosed?.();
    this.#listener?.onClose();
  }

  get bufferedBytes(): number {
    return this.#stream.writableLength + this.#writes.bytes;
  }

  get isOpen(): boolean {
    return !this.#isClosing && this.#socket.readyState === WebSocket.OPEN;
  }

  send(frame: Uint8Array): void {
    if (!this.isOpen) return;
    this.#hasSpoken = true;
    const buffered = this.bufferedBytes;
    if (buffered === 0) this.#allowedBytes = LIMITS.outboundBufferBytes;
    if (buffered > this.#allowedBytes) {
      this.close("TOO_SLOW");
      return;
    }
    // A document's state may be larger than the limit; who reads it slowly is not who does not read.
    if (frame.length > LIMITS.frameBytes / 16)
      this.#allowedBytes = Math.max(this.#allowedBytes, buffered + frame.length) + LIMITS.outboundBufferBytes;
    this.#writes.add(frame);
    // Before the limit is reached: what ws writes by itself counts too.
    if (buffered + frame.length > DRAINED_BYTES) this.#writes.isWatched = true;
  }

  /** Called by the joined writes when something left. */
  onWritten(): void {
    if (!this.#writes.isWatched || this.bufferedBytes > DRAINED_BYTES) return;
    this.#writes.isWatched = false;
    if (this.isOpen) this.#listener?.onDrained();
  }

  close(code?: ErrorCode): void {
    if (this.#isClosing) return;
    this.#writes.flush();
    this.#isClosing = true;
    // The other side's answer to our close has to be read.
    if (this.#isPaused) this.#socket.resume();
    if (code) this.#socket.close(ERRORS[code].closeCode, code);
    else this.#socket.close(1000);
    this.#patience = setTimeout(() => this.terminate(), CLOSE_PATIENCE_MS).unref();
  }

  terminate(): void {
    this.#isClosing = true;
    this.#socket.terminate();
  }

  pause(): void {
    this.#isPaused = true;
    if (!this.#isClosing) this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#socket.resume();
  }

  trust(): void {
    this.#isTrusted = true;
    this.#stream.off("data", this.#countStranger);
    this.#onTrusted?.();
    this.#onTrusted = undefined;
  }

  /** Asks for a sign of life; ends the socket when the last one asked for did not come. */
  checkAlive(): void {
    // While we do not read, we do not hear.
    if (this.#isPaused || this.#isClosing) return;
    if (!this.#isAlive) {
      this.terminate();
      return;
    }
    this.#isAlive = false;
    this.#socket.ping();
  }

  /** Says something where nothing was said since the last call. Strangers hear nothing. */
  breakSilence(): void {
    if (this.#hasSpoken) this.#hasSpoken = false;
    else if (this.#isTrusted) this.send(this.#wire.signOfLife);
  }

  #receive(data: Buffer, isBinary: boolean): void {
    this.#isAlive = true;
    this.#partBytes = 0;
    this.#unfinished.done(this);
    if (this.#isClosing) return;
    if (!isBinary || data.length === 0) {
      this.close("MALFORMED_FRAME");
      return;
    }
    if (data.length === 1 && this.#wire.hasBytesOfLife) {
      if (data[0] === PING) {
        if (this.bufferedBytes <= DRAINED_BYTES) this.send(PONG_FRAME);
      } else if (data[0] !== PONG) this.close("MALFORMED_FRAME");
      return;
    }
    if (!this.#isTrusted && data.length > LIMITS.strangerFrameBytes) {
      this.close("TOO_LARGE");
      return;
    }
    this.#listener?.onFrame(data);
  }

  /** At once: what is here of its message stays as long as the socket. */
  giveUp(): void {
    this.close("TOO_SLOW");
    this.terminate();
  }

  readonly #countPart = (chunk: Buffer): void => {
    this.#partBytes += chunk.length;
    this.#unfinished.has(this, this.#partBytes);
  };

  readonly #countStranger = (chunk: Buffer): void => {
    this.#strangerBytes += chunk.length;
    if (this.#strangerBytes > LIMITS.unauthenticatedBytes) this.close("TOO_LARGE");
  };
}
