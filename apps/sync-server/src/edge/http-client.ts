import { ERRORS, type ErrorCode, isErrorCode, LIMITS } from "@octavo/schema";
import type { CloseNotice } from "@octavo/schema/protocol";
import type { ClientSocket, SocketListener } from "../documents/client-socket.ts";
import { Outbound } from "./outbound.ts";

/** The open response through which frames leave at the moment. */
export interface Outlet {
  readonly transport: "event-stream" | "long-poll";
  /** Bytes that the response took and that have not left the process. */
  readonly bufferedBytes: number;
  /** Lets frames leave, as many as the reader takes. */
  pump(): void;
  /** Lets the last frames leave and says that the connection is over. */
  end(notice: CloseNotice): void;
  /** Another response has taken its place. */
  replace(): void;
  /** The connection is forgotten. What it took and nobody read is not kept for long, and if it is much, not at all. */
  abandon(): void;
}

export interface HttpClientEvents {
  /** Access was decided. */
  onTrusted(): void;
  /** Frames leave by this transport from now on; called where it is another than before. */
  onTransport(transport: Outlet["transport"]): void;
  /** The connection is over, but the client may not have been told. */
  onClosed(): void;
  /** Nothing more is to be told: the connection can be forgotten. */
  onGone(): void;
}

/** How long a connection stays without a response to send to. */
export interface ResumeTimes {
  streamResumeMs: number;
  pollResumeMs: number;
}

/** The same signs of life as on a WebSocket. */
const PING = 9;
const PONG = 10;
/** What may still wait for a reader that is told to have caught up. */
const DRAINED_BYTES = LIMITS.slowReaderBytes / 2;

/** One person's line to the server as the rooms see it, made of requests: it outlives each of them. */
export class HttpClient implements ClientSocket {
  readonly id: string;
  readonly documentId: string;
  readonly outbound = new Outbound();
  /** POSTs whose bodies are being read. */
  readers = 0;
  readonly #events: HttpClientEvents;
  readonly #times: ResumeTimes;
  #listener: SocketListener | undefined;
  #outlet: Outlet | undefined;
  #transport: Outlet["transport"] | undefined;
  #notice: CloseNotice | undefined;
  #received = 0;
  #isTaking = 0;
  #isTrusted = false;
  #strangerBytes = 0;
  #isPaused = false;
  #wake: (() => void)[] = [];
  #allowedBytes: number = LIMITS.outboundBufferBytes;
  #hasSpoken = false;
  /** More than DRAINED_BYTES may have waited since the listener was told otherwise. */
  #isBehind = false;
  #willFlush = false;
  #isGone = false;
  #heardAt = performance.now();
  #absence: NodeJS.Timeout | undefined;

  constructor(id: string, documentId: string, times: ResumeTimes, events: HttpClientEvents) {
    this.id = id;
    this.documentId = documentId;
    this.#times = times;
    this.#events = events;
    this.#waitForOutlet();
  }

  /** Begins to hand on frames. */
  listen(listener: SocketListener): void {
    this.#listener = listener;
  }

  get isOpen(): boolean {
    return this.#notice === undefined;
  }

  /** Why the connection is over. */
  get notice(): CloseNotice | undefined {
    return this.#notice;
  }

  /** Why the connection is over, as a request is told. */
  get closeCode(): ErrorCode {
    return isErrorCode(this.#notice?.reason) ? this.#notice.reason : "CONNECTION_LOST";
  }

  /** Until a poll confirms them, frames count as not arrived; what a stream took may be anywhere. */
  get bufferedBytes(): number {
    const { unsentBytes, unconfirmedBytes } = this.outbound;
    if (this.#transport === "long-poll") return unsentBytes + unconfirmedBytes;
    return unsentBytes + (this.#outlet?.bufferedBytes ?? 0);
  }

  /** Time since the client's last request. */
  get silentMs(): number {
    return performance.now() - this.#heardAt;
  }

  /** Largest body that it may send now. */
  get bodyBytes(): number {
    if (this.#isTrusted) return LIMITS.frameBytes + LIMITS.postBytes;
    return Math.max(0, LIMITS.unauthenticatedBytes - this.#strangerBytes);
  }

  get isTrusted(): boolean {
    return this.#isTrusted;
  }

  send(frame: Uint8Array): void {
    if (!this.isOpen) return;
    const buffered = this.bufferedBytes;
    if (buffered === 0) this.#allowedBytes = LIMITS.outboundBufferBytes;
    if (buffered > this.#allowedBytes) {
      this.close("TOO_SLOW");
      return;
    }
    // A document's state may be larger than the limit; who reads it slowly is not who does not read.
    if (frame.length > LIMITS.frameBytes / 16)
      this.#allowedBytes = Math.max(this.#allowedBytes, buffered + frame.length) + LIMITS.outboundBufferBytes;
    this.outbound.push(frame);
    // Before the limit is reached: what an event adds to a frame counts too.
    if (buffered + frame.length > DRAINED_BYTES) this.#isBehind = true;
    this.#hasSpoken = true;
    this.#flushSoon();
  }

  /** Says something where nothing was said since the last call. Strangers hear nothing. */
  breakSilence(): void {
    if (this.#hasSpoken) this.#hasSpoken = false;
    else if (this.#isTrusted) this.send(Uint8Array.of(PING));
  }

  close(code?: ErrorCode): void {
    if (!this.isOpen) return;
    this.#notice = code ? { code: ERRORS[code].closeCode, reason: code } : { code: 1000, reason: "" };
    if (code === "TOO_SLOW") this.outbound.clear();
    this.#wakeAll();
    this.#waitForOutlet();
    this.#events.onClosed();
    this.#outlet?.end(this.#notice);
    // Not from within `close`: that is not how a socket tells.
    process.nextTick(() => this.#listener?.onClose());
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wakeAll();
  }

  trust(): void {
    this.#isTrusted = true;
    this.#events.onTrusted();
  }

  /** A request came, from a client that has the frames up to this number. */
  heard(lastEvent: number | undefined): void {
    this.#heardAt = performance.now();
    if (lastEvent === undefined || !this.isOpen) return;
    if (this.outbound.confirm(lastEvent)) this.left();
    else this.close("CONNECTION_LOST");
  }

  /** Frames leave by this response from now on, beginning after the last one that the client has. */
  attach(outlet: Outlet, lastEvent: number): void {
    this.#heardAt = performance.now();
    // Whoever is told that it is over and comes again for the same does not keep it here.
    if (this.isOpen) clearTimeout(this.#absence);
    const former = this.#outlet;
    this.#outlet = outlet;
    former?.replace();
    if (this.#transport !== outlet.transport) {
      this.#transport = outlet.transport;
      this.#events.onTransport(outlet.transport);
    }
    if (!this.outbound.rewind(lastEvent)) this.close("CONNECTION_LOST");
    else if (this.#notice) outlet.end(this.#notice);
    else outlet.pump();
  }

  /** That response is over. */
  detach(outlet: Outlet): void {
    if (this.#outlet !== outlet) return;
    this.#outlet = undefined;
    if (this.isOpen) this.#waitForOutlet();
  }

  /** Bytes left the process. */
  left(): void {
    if (!this.#isBehind || this.bufferedBytes > DRAINED_BYTES) return;
    this.#isBehind = false;
    if (this.isOpen) this.#listener?.onDrained();
  }

  /** Takes frames, the first of which has this number, and resolves with the number of the last one taken so far. */
  async take(first: number, frames: readonly Uint8Array[], bodyBytes: number): Promise<number> {
    if (!this.#isTrusted) this.#strangerBytes += bodyBytes;
    // A repetition takes the place of what it repeats, which may wait here for ever.
    const turn = ++this.#isTaking;
    const until = performance.now() + LIMITS.postHeldMs;
    for (const [index, frame] of frames.entries()) {
      const number = first + index;
      if (number <= this.#received) continue;
      while (this.#isPaused && this.isOpen && turn === this.#isTaking && performance.now() < until)
        await this.#woken(until - performance.now());
      if (this.#isPaused || !this.isOpen || turn !== this.#isTaking) break;
      if (number > this.#received + 1) {
        this.close("CONNECTION_LOST");
        break;
      }
      this.#received = number;
      // A view would keep the whole body for as long as the frame is kept.
      this.#receive(frames.length === 1 ? frame : new Uint8Array(frame));
    }
    return this.#received;
  }

  /** Nothing is left to be told. */
  forget(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#absence);
    this.close();
    clearTimeout(this.#absence);
    this.outbound.clear();
    this.#outlet?.abandon();
    this.#events.onGone();
  }

  #receive(frame: Uint8Array): void {
    if (frame.length === 1) {
      if (frame[0] === PING) {
        if (this.bufferedBytes <= DRAINED_BYTES) this.send(Uint8Array.of(PONG));
      } else if (frame[0] !== PONG) this.close("MALFORMED_FRAME");
      return;
    }
    const limit = this.#isTrusted ? LIMITS.frameBytes : LIMITS.strangerFrameBytes;
    if (frame.length > limit) this.close("TOO_LARGE");
    else this.#listener?.onFrame(frame);
  }

  /** What is sent within a turn leaves together. */
  #flushSoon(): void {
    if (this.#willFlush) return;
    this.#willFlush = true;
    setImmediate(() => {
      this.#willFlush = false;
      if (this.isOpen) this.#outlet?.pump();
    });
  }

  #waitForOutlet(): void {
    clearTimeout(this.#absence);
    if (this.#isGone) return;
    const { streamResumeMs, pollResumeMs } = this.#times;
    const ms = this.#transport === "long-poll" ? pollResumeMs : streamResumeMs;
    this.#absence = setTimeout(() => {
      this.close("CONNECTION_LOST");
      this.forget();
    }, ms).unref();
  }

  #woken(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
