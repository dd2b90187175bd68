import { isErrorCode } from "@octavo/schema";
import { EventStreamSocket } from "./event-stream-socket.ts";
import { LongPollSocket } from "./long-poll-socket.ts";
import { ABNORMAL, type Socket, SocketBase } from "./socket.ts";
import { createStore, type Store } from "./store.ts";
import type { Timers } from "./timers.ts";

/** What carries the frames between here and the server; each is tried where the one before it does not get through. */
export type Transport = "websocket" | "event-stream" | "long-poll";
const ORDER: readonly Transport[] = ["websocket", "event-stream", "long-poll"];

/** Without a message for this long, the next transport is tried. */
const FIRST_MESSAGE_MS = 4_000;
/** The same where WebSockets worked before. */
const PATIENT_MS = 12_000;
/** Attempts without a message until WebSockets count as blocked. */
const FAILURES = 2;
/** The same where they worked before: more likely the server is away, and nothing else would reach it either. */
const FAILURES_AFTER_SUCCESS = 4;
const REMEMBERED_MS = 24 * 60 * 60 * 1000;
/** Between two looks whether WebSockets get through again: half of it to one and a half. */
const PROBE_MS = 5 * 60 * 1000;
const PROBE_LONGEST_MS = 60 * 60 * 1000;
/** The old connection is given up this long after the new one is asked for, so that nobody sees the person leave. */
const OVERLAP_MS = 10_000;
/** One byte of the sync protocol that the server answers, whoever asks. */
const PING = Uint8Array.of(9);

export interface TransportsOptions {
  /** Address of the server: what was learned is remembered for its origin. */
  server: string;
  /** Undefined where there is none: then only HTTP is used. */
  WebSocket: typeof WebSocket | undefined;
  fetch: typeof fetch;
  timers: Timers;
  /** WebSockets get through again: a new socket is to take the place of the present one. */
  onBetter(): void;
  storage?: Pick<Storage, "getItem" | "setItem" | "removeItem"> | undefined;
}

/** Chooses the transport of each attempt by what became of the attempts before. */
export class Transports {
  /** What carries the present connection, or carried the last. */
  readonly current: Store<Transport>;
  private readonly store;
  private readonly options: TransportsOptions;
  private readonly key: string;
  private failures = 0;
  private hasWebSocketWorked = false;
  private isSwitching = false;
  private returns = 0;
  private cancelProbe = (): void => {};

  constructor(options: TransportsOptions) {
    this.options = options;
    this.key = `octavo-transport:${new URL(options.server).origin}`;
    this.store = createStore<Transport>(this.remembered() ?? this.first);
    this.current = this.store;
  }

  /** A socket for one attempt, by whatever gets through. */
  connect(url: string): Socket {
    this.cancelProbe();
    this.isSwitching = false;
    return new Attempt(url, this, this.options.timers);
  }

  stop(): void {
    this.cancelProbe();
  }

  /** What the next attempt begins with. */
  get preferred(): Transport {
    return this.store.getSnapshot();
  }

  /** How long an attempt waits for a sign that this transport gets through; undefined where nothing comes after it. */
  patienceMs(transport: Transport): number | undefined {
    if (transport === "long-poll") return undefined;
    return this.isTrusted(transport) ? PATIENT_MS : FIRST_MESSAGE_MS;
  }

  private isTrusted(transport: Transport): boolean {
    return transport === "websocket" && this.hasWebSocketWorked;
  }

  create(transport: Transport, url: string): Socket {
    const { WebSocket: WebSocketClass, fetch, timers } = this.options;
    if (transport === "websocket") return new WebSocketClass!(url) as unknown as Socket;
    const HttpSocket = transport === "event-stream" ? EventStreamSocket : LongPollSocket;
    return new HttpSocket(url, { fetch, timers }, () => (this.isSwitching ? OVERLAP_MS : 0));
  }

  /** The first message came. */
  worked(transport: Transport, url: string): void {
    this.failures = 0;
    const wasKnown = this.store.getSnapshot() === transport;
    this.store.set(transport);
    if (transport === "websocket") {
      this.hasWebSocketWorked = true;
      return;
    }
    if (this.remembered() !== transport) this.remember(transport);
    if (this.options.WebSocket === undefined) return;
    // What was learned another day, or in another network, is looked at again at once.
    if (wasKnown && this.returns === 0) this.probe(url);
    else this.probeLater(url);
  }

  /** It ended without a message, or none came in time (`stalled`); undefined where the attempt is to end. */
  failed(transport: Transport, stalled: boolean): Transport | undefined {
    const next = ORDER[ORDER.indexOf(transport) + 1];
    if (transport !== "websocket") return next;
    this.failures += 1;
    if (this.isTrusted(transport)) return this.failures < FAILURES_AFTER_SUCCESS ? undefined : next;
    return stalled || this.failures >= FAILURES ? next : undefined;
  }

  private get first(): Transport {
    return this.options.WebSocket === undefined ? "event-stream" : "websocket";
  }

  private probeLater(url: string): void {
    const { timers } = this.options;
    const ms = Math.min(PROBE_MS * 2 ** this.returns, PROBE_LONGEST_MS);
    this.cancelProbe();
    this.cancelProbe = timers.after(ms * (0.5 + timers.random()), () => this.probe(url));
  }

  /** Sees whether a WebSocket of its own gets an answer, while the connection goes on by what it has. */
  private probe(url: string): void {
    const socket = this.create("websocket", url);
    socket.binaryType = "arraybuffer";
    let isOver = false;
    const end = (gotThrough: boolean): void => {
      if (isOver) return;
      isOver = true;
      cancelTimer();
      socket.close();
      if (gotThrough) this.return();
      else this.probeLater(url);
    };
    const cancelTimer = this.options.timers.after(FIRST_MESSAGE_MS, () => end(false));
    socket.addEventListener("open", () => socket.send(PING));
    socket.addEventListener("message", () => end(true));
    socket.addEventListener("error", () => end(false));
    socket.addEventListener("close", () => end(false));
    this.cancelProbe = () => {
      isOver = true;
      cancelTimer();
      socket.close();
    };
  }

  private return(): void {
    this.returns += 1;
    this.failures = 0;
    this.forget();
    this.store.set("websocket");
    this.isSwitching = true;
    this.options.onBetter();
  }

  private remembered(): Transport | undefined {
    const { storage, timers } = this.options;
    const [transport, until] = read(storage, this.key)?.split(" ") ?? [];
    const isValid = transport === "event-stream" || transport === "long-poll";
    return isValid && Number(until) > timers.now() ? transport : undefined;
  }

  private remember(transport: Transport): void {
    const { storage, timers } = this.options;
    write(storage, this.key, `${transport} ${timers.now() + REMEMBERED_MS}`);
  }

  private forget(): void {
    write(this.options.storage, this.key, undefined);
  }
}

/**
 * One attempt: the same socket for its owner, whichever transport carries it in the end. Until the first message
 * came, what was sent is kept, for the next transport to send it again.
 */
class Attempt extends SocketBase {
  private readonly url: string;
  private readonly transports: Transports;
  private readonly timers: Timers;
  private inner: Socket | undefined;
  private unheard: Uint8Array[] | undefined = [];
  private cancelTimer = (): void => {};

  constructor(url: string, transports: Transports, timers: Timers) {
    super();
    this.url = url;
    this.transports = transports;
    this.timers = timers;
    this.begin(transports.preferred);
  }

  send(bytes: Uint8Array): void {
    if (this.inner?.readyState === 1) this.inner.send(bytes);
    this.unheard?.push(bytes);
  }

  protected override release(): void {
    this.cancelTimer();
    this.inner?.close();
  }

  private begin(transport: Transport): void {
    const socket = this.transports.create(transport, this.url);
    const isCurrent = (): boolean => this.inner === socket;
    this.inner = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      if (!isCurrent()) return;
      // The owner's first frames are sent again where another transport had them.
      for (const bytes of this.unheard ?? []) socket.send(bytes);
      this.opened();
      // The stream's first bytes came, so it is not held back; what the server has to say may take its time.
      if (transport === "event-stream" && this.unheard) this.heard(transport);
    });
    socket.addEventListener("message", ({ data }) => {
      if (!isCurrent()) return;
      if (this.unheard) this.heard(transport);
      this.received(data);
    });
    // What is wrong with a socket ends it: `close` follows.
    socket.addEventListener("error", () => {});
    socket.addEventListener("close", ({ code, reason }) => {
      if (isCurrent()) this.lost(transport, code, reason);
    });
    this.cancelTimer();
    const patienceMs = this.transports.patienceMs(transport);
    if (patienceMs !== undefined)
      this.cancelTimer = this.timers.after(patienceMs, () =>
        this.goOn(this.transports.failed(transport, true)),
      );
  }

  private heard(transport: Transport): void {
    this.cancelTimer();
    this.unheard = undefined;
    this.transports.worked(transport, this.url);
  }

  private lost(transport: Transport, code: number, reason: string): void {
    // The server itself said no, so the way to it is free.
    const isAnswer = isErrorCode(reason);
    const next =
      this.unheard === undefined || isAnswer ? undefined : this.transports.failed(transport, false);
    if (next === undefined) this.end(code, reason);
    else this.goOn(next);
  }

  private goOn(next: Transport | undefined): void {
    const former = this.inner;
    this.inner = undefined;
    former?.close();
    if (next === undefined) this.end(ABNORMAL, "");
    else this.begin(next);
  }
}

/** A browser may forbid its storage to a page. */
function read(storage: TransportsOptions["storage"], key: string): string | undefined {
  try {
    return storage?.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(storage: TransportsOptions["storage"], key: string, value: string | undefined): void {
  try {
    if (value === undefined) storage?.removeItem(key);
    else storage?.setItem(key, value);
  } catch {
    // Full or forbidden: then it is learned anew.
  }
}
