import { HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { LIMITS } from "@octavo/schema";
import { type Frame, readFrame } from "./frames.ts";
import { OPEN, type Socket } from "./socket.ts";

/** What the owner of a socket is told, and asked. */
export interface SocketObserver {
  /** The address of the next attempt: it changes once the epoch is known. */
  url(): string;
  /**
   * A frame is about to leave. The answer is what really leaves, in order: nothing to hold it back, several to
   * split it. Called only while the socket is open.
   */
  sending(frame: Frame, bytes: Uint8Array): readonly Uint8Array[];
  /** A frame came in and was applied. */
  received(frame: Frame): void;
  closed(closeCode: number, reason: string): void;
}

/**
 * The provider's socket without its own retrying and queueing.
 * - It never reconnects by itself: its first delay is the same for everybody. The owner calls `connect`.
 * - A frame for a socket that is not open is dropped, not queued: the next handshake brings what the server lacks,
 *   and a queue would send it a second time, frame by frame.
 * - A silent one is closed by us. The provider's own way out of a close that nobody answers tells nobody.
 */
export class DocumentSocket extends HocuspocusProviderWebsocket {
  private readonly observer: SocketObserver;
  private readonly patienceMs: number;
  /** Since when the present socket is silent; undefined until it said something. */
  private heardAt: number | undefined;

  /** `connect` gives the socket of each attempt. */
  constructor(
    observer: SocketObserver,
    connect: (url: string) => Socket,
    patienceMs: number = LIMITS.clientPatienceMs,
  ) {
    super({
      url: observer.url(),
      autoConnect: false,
      maxAttempts: 1,
      messageReconnectTimeout: patienceMs,
      WebSocketPolyfill: classOf(connect),
      onClose: ({ event }) => {
        // Read by the provider right after this: it must not start its own timer.
        this.shouldConnect = false;
        this.heardAt = undefined;
        // It tidies up after this call, and would tidy up a new socket that the owner opens at once.
        queueMicrotask(() => observer.closed(event.code, event.reason));
      },
    });
    this.observer = observer;
    this.patienceMs = patienceMs;
  }

  /**
   * Called by the provider ten times in its patience, in a hidden tab once a minute. The server says something every
   * 20 s, and messages come in hidden tabs too: silence means that nothing arrives any more.
   */
  override checkConnection(): void {
    if (this.heardAt === undefined || this.webSocket?.readyState !== OPEN) return;
    if (Date.now() - this.heardAt > this.patienceMs) this.webSocket.close();
  }

  override get url(): string {
    return this.observer.url();
  }

  override send(bytes: Uint8Array): void {
    const socket = this.webSocket;
    if (socket?.readyState !== 1) return;
    for (const part of this.observer.sending(readFrame(bytes), bytes))
      socket.send(part as Uint8Array<ArrayBuffer>);
  }

  override onMessage(event: MessageEvent): void {
    this.heardAt = Date.now();
    super.onMessage(event);
    this.observer.received(readFrame(new Uint8Array(event.data as ArrayBuffer)));
  }
}

/** The provider makes its sockets of a class, and would make all of the same. */
function classOf(connect: (url: string) => Socket): new (url: string) => Socket {
  return function (this: unknown, url: string) {
    return connect(url);
  } as unknown as new (
    url: string,
  ) => Socket;
}
