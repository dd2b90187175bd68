import type { Duplex } from "node:stream";

/** From this size on, a frame is not copied: what waits for many who read slowly is then there once. */
const BY_REFERENCE_BYTES = 16 * 1024;
/** Time for writing before other events have their turn: the kernel takes 3 to 8 µs a socket. */
const TURN_MS = 10;
/** After so many sockets the clock is looked at. */
const SOCKETS_A_LOOK = 64;
/** FIN and opcode 2, a binary message in one piece (RFC 6455, 5.2). */
const BINARY = 0x82;

/**
 * Writes what was sent in a turn of the event loop at its end, so that everything for one socket goes to the
 * kernel as one piece: with many readers that is most of the work.
 */
export class WriteTurn {
  #waiting: JoinedWrites[] = [];
  #immediate: NodeJS.Immediate | undefined;
  /** The last frame that went to somebody by itself: a broadcast goes to many, one after the other. */
  #lastFrame: Uint8Array | undefined;
  #lastMessage: Buffer | undefined;

  /** Called once for each `JoinedWrites` that has something to write. */
  add(writes: JoinedWrites): void {
    this.#waiting.push(writes);
    this.#immediate ??= setImmediate(() => this.#run());
  }

  /** The frame as a WebSocket message. A server's messages are not masked: it is the same for everybody. */
  messageOf(frame: Uint8Array): Buffer {
    if (frame !== this.#lastFrame || this.#lastMessage === undefined) {
      this.#lastFrame = frame;
      this.#lastMessage = joined([frame]);
    }
    return this.#lastMessage;
  }

  #run(): void {
    const until = performance.now() + TURN_MS;
    this.#immediate = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    let count = 0;
    for (const writes of waiting) {
      writes.flush();
      if (++count % SOCKETS_A_LOOK === 0 && performance.now() > until) break;
    }
    if (count < waiting.length) {
      this.#waiting = waiting.slice(count);
      this.#immediate = setImmediate(() => this.#run());
    } else this.#lastFrame = this.#lastMessage = undefined;
  }
}

/** Whose writes are joined. */
interface Target {
  /** False once a close frame may have been written: nothing comes after it. */
  readonly isOpen: boolean;
  /** Something left the process; called only while `isWatched`. */
  onWritten(): void;
}

/** The frames for one socket in this turn. Frames may be shared with other sockets, and are never changed. */
export class JoinedWrites {
  readonly #stream: Duplex;
  readonly #turn: WriteTurn;
  readonly #target: Target;
  #frames: Uint8Array[] = [];
  /** Of the frames that were not given to the stream yet. */
  bytes = 0;
  isWatched = false;

  constructor(stream: Duplex, turn: WriteTurn, target: Target) {
    this.#stream = stream;
    this.#turn = turn;
    this.#target = target;
  }

  add(frame: Uint8Array): void {
    if (this.#frames.push(frame) === 1) this.#turn.add(this);
    this.bytes += frame.length;
  }

  /** Gives everything to the stream now, in whole messages: ws writes its own between them. */
  flush(): void {
    const frames = this.#frames;
    if (frames.length === 0) return;
    this.drop();
    if (!this.#target.isOpen) return;
    const [first] = frames;
    if (frames.length === 1 && first!.length < BY_REFERENCE_BYTES) this.#write(this.#turn.messageOf(first!));
    else {
      this.#stream.cork();
      for (const piece of inPieces(frames)) this.#write(piece);
      this.#stream.uncork();
    }
  }

  /** Forgets what was not written. */
  drop(): void {
    this.#frames = [];
    this.bytes = 0;
  }

  #write(piece: Uint8Array): void {
    // Without a callback a write that the kernel takes at once costs no tick of its own.
    if (this.isWatched) this.#stream.write(piece, this.#written);
    else this.#stream.write(piece);
  }

  readonly #written = (): void => this.#target.onWritten();
}

/** Messages of the frames: small ones joined to one piece, large ones with a header of their own. */
function* inPieces(frames: readonly Uint8Array[]): Iterable<Uint8Array> {
  let small: Uint8Array[] = [];
  for (const frame of frames) {
    if (frame.length < BY_REFERENCE_BYTES) {
      small.push(frame);
      continue;
    }
    if (small.length > 0) yield joined(small);
    small = [];
    yield header(frame.length);
    yield frame;
  }
  if (small.length > 0) yield joined(small);
}

function headerBytes(length: number): number {
  if (length < 126) return 2;
  return length < 65_536 ? 4 : 10;
}

function writeHeader(target: Buffer, at: number, length: number): number {
  target[at] = BINARY;
  if (length < 126) target[at + 1] = length;
  else if (length < 65_536) {
    target[at + 1] = 126;
    target.writeUInt16BE(length, at + 2);
  } else {
    target[at + 1] = 127;
    target.writeUInt32BE(Math.floor(length / 2 ** 32), at + 2);
    target.writeUInt32BE(length % 2 ** 32, at + 6);
  }
  return at + headerBytes(length);
}

function header(length: number): Buffer {
  const target = Buffer.allocUnsafe(headerBytes(length));
  writeHeader(target, 0, length);
  return target;
}

/** The frames as messages, one after the other. */
function joined(frames: readonly Uint8Array[]): Buffer {
  let bytes = 0;
  for (const frame of frames) bytes += headerBytes(frame.length) + frame.length;
  const target = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const frame of frames) {
    at = writeHeader(target, at, frame.length);
    target.set(frame, at);
    at += frame.length;
  }
  return target;
}
