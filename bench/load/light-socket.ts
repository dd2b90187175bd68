import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

export interface LightSocketOptions {
  port: number;
  /** Path and query. */
  path: string;
  /** What a reverse proxy on this machine would say about who asks. */
  forwardedFor?: string;
  onFrame(frame: Buffer): void;
  onClose(): void;
}

const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/**
 * The client side of a WebSocket with next to nothing in it, so that one process can hold thousands and read
 * hundreds of thousands of frames a second. Frames are read where they lie; what is sent is masked with zeros,
 * which is masked and costs nothing. The server sends no fragments and no extensions here.
 */
export class LightSocket {
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #onFrame: (frame: Buffer) => void;
  #isUpgraded = false;
  #isClosed = false;
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** Bytes that must be there before it is worth looking again. */
  #needed = 0;

  constructor({ port, path, forwardedFor, onFrame, onClose }: LightSocketOptions) {
    this.#onFrame = onFrame;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opened = promise;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket = socket;
    socket.on("connect", () =>
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\nSec-WebSocket-Version: 13\r\n` +
          `${forwardedFor === undefined ? "" : `X-Forwarded-For: ${forwardedFor}\r\n`}\r\n`,
      ),
    );
    const end = (error?: Error) => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      reject(error ?? new Error("The server closed the connection"));
      onClose();
    };
    socket.on("data", chunk => {
      if (this.#isUpgraded) this.#read(chunk);
      else this.#readUpgrade(chunk, resolve, end);
    });
    socket.on("error", end);
    socket.on("close", () => end());
    promise.catch(() => {});
  }

  get isOpen(): boolean {
    return this.#isUpgraded && !this.#isClosed;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  send(frame: Uint8Array): void {
    if (!this.#isClosed) this.#socket.write(masked(BINARY, frame));
  }

  /** All in one write. */
  sendAll(frames: readonly Uint8Array[]): void {
    if (!this.#isClosed) this.#socket.write(Buffer.concat(frames.map(frame => masked(BINARY, frame))));
  }

  /** Reads nothing more; the kernel's buffers fill. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Cuts the line, as a network that goes away. */
  destroy(): void {
    this.#socket.destroy();
  }

  #readUpgrade(chunk: Buffer, resolve: () => void, fail: (error: Error) => void): void {
    const whole = this.#rest.length > 0 ? Buffer.concat([...this.#rest, chunk]) : chunk;
    const end = whole.indexOf("\r\n\r\n");
    if (end < 0) {
      this.#rest = [whole];
      return;
    }
    this.#rest = [];
    const status = whole.toString("latin1", 9, 12);
    if (status !== "101") {
      fail(new Error(`The upgrade was answered with ${status}`));
      this.#socket.destroy();
      return;
    }
    this.#isUpgraded = true;
    resolve();
    if (whole.length > end + 4) this.#read(whole.subarray(end + 4));
  }

  #read(chunk: Buffer): void {
    let data = chunk;
    if (this.#restBytes > 0) {
      this.#rest.push(chunk);
      this.#restBytes += chunk.length;
      if (this.#restBytes < this.#needed) return;
      data = Buffer.concat(this.#rest, this.#restBytes);
      this.#rest = [];
      this.#restBytes = 0;
    }
    let position = 0;
    for (;;) {
      const available = data.length - position;
      const length = available < 2 ? 2 : frameBytes(data, position, available);
      if (available < length) {
        if (available > 0) this.#rest = [data.subarray(position)];
        this.#restBytes = available;
        this.#needed = length;
        return;
      }
      this.#take(data, position, length);
      position += length;
      if (this.#isClosed) return;
    }
  }

  #take(data: Buffer, position: number, length: number): void {
    const opcode = data[position]! & 15;
    const short = data[position + 1]!;
    const payload = data.subarray(position + (short < 126 ? 2 : short === 126 ? 4 : 10), position + length);
    if (opcode === BINARY) this.#onFrame(payload);
    else if (opcode === PING) this.#socket.write(masked(PONG, payload));
    else if (opcode === CLOSE) this.#socket.end(masked(CLOSE, payload));
  }
}

/** Length of the frame with its head, or of what must be there to know it. */
function frameBytes(data: Buffer, position: number, available: number): number {
  const short = data[position + 1]!;
  if (short < 126) return 2 + short;
  if (short === 126) return available < 4 ? 4 : 4 + data.readUInt16BE(position + 2);
  return available < 10 ? 10 : 10 + Number(data.readBigUInt64BE(position + 2));
}

function masked(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const head = length < 126 ? 6 : length < 65_536 ? 8 : 14;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = 0x80 | opcode;
  if (length < 126) frame[1] = 0x80 | length;
  else if (length < 65_536) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 0x80 | 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.writeUInt32BE(0, head - 4);
  frame.set(payload, head);
  return frame;
}
