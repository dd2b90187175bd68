import { ERRORS, type ErrorCode, LIMITS } from "@octavo/schema";
import { problem } from "@octavo/schema/http";
import {
  CLOSE_HEADER,
  CONNECTION_HEADER,
  closeNotice,
  connectionOpened,
  eventsUrlOf,
  FRAME_HEADER,
  FRAMES_TYPE,
  framesReceived,
  LAST_EVENT_HEADER,
  writeFrames,
} from "@octavo/schema/protocol";
import { ABNORMAL, CLOSED, OPEN, SocketBase } from "./socket.ts";
import type { Timers } from "./timers.ts";

export interface HttpSocketOptions {
  fetch: typeof fetch;
  timers: Timers;
}

interface RequestOptions {
  body?: Uint8Array<ArrayBuffer>;
  /** The request is given up after this time without `renew`. */
  withinMs: number;
  read: (response: Response, renew: () => void) => Promise<void>;
}

/** Without an answer for this long, over all repetitions, the connection counts as broken. */
const GIVE_UP_MS = 10_000;
/** Waits between repetitions of a request that was cut; the last one is kept. */
const RETRY_MS = [0, 200, 500, 1_000, 2_000];
/** An answer that is later than it can be at the server is lost. */
const ANSWER_MS = LIMITS.postHeldMs + 15_000;
/** Above the server's silence of three pings; every second one is answered. */
const SPEAK_MS = LIMITS.streamPingMs * 1.3;
/** A request that may outlive its page holds at most 64 KiB (Fetch standard, 4.7). */
const KEEPALIVE_BYTES = 60_000;

/**
 * A socket made of requests (docs/protocol.md): frames go up in POSTs, one at a time, each repeated until it is
 * answered; the server knows repetitions by the frames' numbers.
 */
export abstract class HttpSocket extends SocketBase {
  protected readonly timers: Timers;
  /** Number of the last frame that came. */
  protected lastEvent = 0;
  private readonly url: string;
  private readonly fetch: typeof fetch;
  private readonly requests = new Set<AbortController>();
  private readonly farewellAfterMs: () => number;
  private connection: string | undefined;
  private outgoing: Uint8Array[] = [];
  /** Number of the last frame that the server has. */
  private taken = 0;
  private isPosting = false;
  private wantsToSpeak = false;
  private spokeAt: number;
  private isOverThere = false;
  private readonly unlisten: () => void;

  /** `farewellAfterMs` is asked when the socket closes: the time until the server is told. */
  constructor(url: string, options: HttpSocketOptions, farewellAfterMs: () => number = () => 0) {
    super();
    this.url = eventsUrlOf(url);
    this.fetch = options.fetch;
    this.timers = options.timers;
    this.farewellAfterMs = farewellAfterMs;
    this.spokeAt = this.timers.now();
    // A socket of the browser's own ends with its page.
    this.unlisten = onPageHide(() => this.close());
    void this.open();
  }

  send(bytes: Uint8Array): void {
    if (this.readyState !== OPEN) return;
    this.outgoing.push(bytes);
    void this.post();
  }

  /** Takes frames until the socket is closed. */
  protected abstract listen(): Promise<void>;

  /** Something came down: the server learns at times that it did. */
  protected heard(): void {
    if (this.timers.now() - this.spokeAt < SPEAK_MS) return;
    this.wantsToSpeak = true;
    void this.post();
  }

  /** A frame of this number came; one that was here is dropped, and after one that is missing nothing can be right. */
  protected frameCame(number: number, data: ArrayBuffer): void {
    if (number <= this.lastEvent) return;
    if (number !== this.lastEvent + 1) {
      this.endWith("CONNECTION_LOST");
      return;
    }
    this.lastEvent = number;
    this.received(data);
  }

  /** The server says that the connection is over. */
  protected closeCame(text: unknown): void {
    const notice = closeNotice.safeParse(text).data;
    this.isOverThere = true;
    this.end(notice?.code ?? ABNORMAL, notice?.reason ?? "");
  }

  protected endWith(code: ErrorCode): void {
    this.end(ERRORS[code].closeCode, code);
  }

  /**
   * One request of this connection. False where it was cut, or answered by something that is not the server; a
   * refusal of the server ends the socket.
   */
  protected async request(
    method: "GET" | "POST",
    headers: Record<string, string>,
    options: RequestOptions,
  ): Promise<boolean> {
    const abort = new AbortController();
    this.requests.add(abort);
    const arm = (): (() => void) => this.timers.after(options.withinMs, () => abort.abort());
    let cancel = arm();
    const renew = (): void => {
      cancel();
      cancel = arm();
    };
    try {
      const response = await this.fetch(this.url, {
        ...this.init(method, headers),
        signal: abort.signal,
        ...(options.body && { body: options.body }),
      });
      if (this.readyState === CLOSED) return false;
      if (!response.ok) return await this.refused(response);
      await options.read(response, renew);
      return true;
    } catch {
      // Cut, or given up by us: whoever asked asks again.
      return false;
    } finally {
      cancel();
      this.requests.delete(abort);
      abort.abort();
    }
  }

  /** Asks until there is an answer, or until there was none for too long; then the socket ends. */
  protected async persist(ask: () => Promise<boolean>): Promise<boolean> {
    let last = this.timers.now();
    for (let attempt = 0; this.readyState !== CLOSED; attempt++) {
      const startedAt = this.timers.now();
      if (await ask()) return true;
      // What was open for a while was a connection, whatever cut it.
      if (this.timers.now() - startedAt > GIVE_UP_MS) last = this.timers.now();
      if (this.timers.now() - last > GIVE_UP_MS) this.end(ABNORMAL, "");
      await this.wait(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 0);
    }
    return false;
  }

  protected wait(ms: number): Promise<void> {
    return new Promise(resolve => void this.timers.after(ms, resolve));
  }

  protected override release(): void {
    this.unlisten();
    for (const request of this.requests) request.abort();
    if (this.connection === undefined || this.isOverThere) return;
    const afterMs = this.farewellAfterMs();
    if (afterMs > 0) this.sayGoodbyeAfter(afterMs);
    else void this.sayGoodbye(this.outgoing);
  }

  private async open(): Promise<void> {
    const isOpen = await this.request(
      "POST",
      {},
      {
        withinMs: ANSWER_MS,
        read: async response => {
          this.connection = connectionOpened.parse(await response.json()).connection;
        },
      },
    );
    if (isOpen && this.readyState !== CLOSED) await this.listen();
    else this.end(ABNORMAL, "");
  }

  /** Sends what waits, in one request at a time. */
  private async post(): Promise<void> {
    if (this.isPosting) return;
    this.isPosting = true;
    // What is sent in one go leaves together.
    await Promise.resolve();
    while (this.readyState === OPEN && (this.outgoing.length > 0 || this.wantsToSpeak)) {
      const batch = nextBatch(this.outgoing);
      const isAnswered = await this.persist(() => this.postOnce(batch));
      if (!isAnswered) break;
    }
    this.isPosting = false;
  }

  private postOnce(batch: Uint8Array[]): Promise<boolean> {
    this.wantsToSpeak = false;
    this.spokeAt = this.timers.now();
    const first = this.taken + 1;
    return this.request(
      "POST",
      { [FRAME_HEADER]: String(first), "content-type": FRAMES_TYPE },
      {
        body: writeFrames(batch),
        withinMs: ANSWER_MS,
        read: async response => {
          const { received } = framesReceived.parse(await response.json());
          this.outgoing.splice(0, Math.max(0, received - this.taken));
          this.taken = Math.max(this.taken, received);
        },
      },
    );
  }

  private init(method: string, headers: Record<string, string>): RequestInit {
    return {
      method,
      headers: {
        ...headers,
        ...(this.connection !== undefined && {
          [CONNECTION_HEADER]: this.connection,
          [LAST_EVENT_HEADER]: String(this.lastEvent),
        }),
      },
      cache: "no-store",
      credentials: "same-origin",
    };
  }

  private async refused(response: Response): Promise<boolean> {
    const isProblem = response.headers.get("content-type")?.startsWith("application/problem+json") ?? false;
    const code = isProblem ? problem.safeParse(await response.json()).data?.code : undefined;
    if (code !== undefined) {
      this.isOverThere = true;
      this.endWith(code);
    } else if (response.status < 500 && response.status !== 408 && response.status !== 429) {
      // Somebody between here and the server does not want this, and will not the next time.
      this.end(ABNORMAL, "");
    }
    return false;
  }

  private sayGoodbyeAfter(ms: number): void {
    const say = (): void => {
      cancel();
      unlisten();
      void this.sayGoodbye([]);
    };
    const cancel = this.timers.after(ms, say);
    const unlisten = onPageHide(say);
  }

  /** What was sent before the close arrives, and the server need not wait for this socket to come back. */
  private async sayGoodbye(frames: Uint8Array[]): Promise<void> {
    const body = writeFrames(nextBatch(frames));
    const headers = {
      [FRAME_HEADER]: String(this.taken + 1),
      [CLOSE_HEADER]: "1",
      "content-type": FRAMES_TYPE,
    };
    try {
      // One request: a page that is being left makes no second one.
      await this.fetch(this.url, {
        ...this.init("POST", headers),
        body,
        keepalive: body.length < KEEPALIVE_BYTES,
      });
    } catch {
      // Then the server finds out by itself.
    }
  }
}

/** Where there is a page: it may be left at once. Returns the end of it. */
function onPageHide(listener: () => void): () => void {
  if (typeof window === "undefined") return () => {};
  window.addEventListener("pagehide", listener);
  return () => window.removeEventListener("pagehide", listener);
}

/** As many of the frames as one request takes. */
function nextBatch(frames: readonly Uint8Array[]): Uint8Array[] {
  let bytes = 0;
  let count = 0;
  for (const { length } of frames.slice(0, LIMITS.postFrames)) {
    if (count > 0 && bytes + length > LIMITS.postBytes) break;
    bytes += length;
    count++;
  }
  return frames.slice(0, count);
}
