import { HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { type Frame, readFrame } from "./frames.ts";
import type { Socket } from "./socket.ts";

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
 */
export class DocumentSocket extends HocuspocusProviderWebsocket {
  private readonly observer: SocketObserver;

  /** `connect` gives the socket of each attempt. */
  constructor(observer: SocketObserver, connect: (url: string) => Socket) {
    super({
      url: observer.url(),
      autoConnect: false,
      maxAttempts: 1,
      WebSocketPolyfill: classOf(connect),
      onClose: ({ event }) => {
        // Read by the provider right after this: it must not start its own timer.
        this.shouldConnect = false;
        // It tidies up after this call, and would tidy up a new socket that the owner opens at once.
        queueMicrotask(() => observer.closed(event.code, event.reason));
      },
    });
    this.observer = observer;
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
