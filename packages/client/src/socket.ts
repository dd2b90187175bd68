/** The part of the WebSocket interface that the provider and this package use. */
export interface Socket {
  readonly readyState: number;
  binaryType: string;
  addEventListener<K extends keyof SocketEvents>(name: K, listener: (event: SocketEvents[K]) => void): void;
  removeEventListener<K extends keyof SocketEvents>(
    name: K,
    listener: (event: SocketEvents[K]) => void,
  ): void;
  send(bytes: Uint8Array): void;
  close(): void;
}

export interface SocketEvents {
  open: object;
  message: { readonly data: ArrayBuffer };
  error: object;
  close: { readonly code: number; readonly reason: string };
}

type Listener<K extends keyof SocketEvents> = (event: SocketEvents[K]) => void;

export const CONNECTING = 0;
export const OPEN = 1;
export const CLOSED = 3;
/** What a WebSocket says that was closed without a code, or whose connection broke (RFC 6455, 7.4.1). */
export const NO_STATUS = 1005;
export const ABNORMAL = 1006;

/** A socket whose events its subclass makes. It is closed from one moment to the next: nobody waits for the other side. */
export abstract class SocketBase implements Socket {
  readyState = CONNECTING;
  binaryType = "arraybuffer";
  private readonly listeners = new Map<string, Set<Listener<never>>>();

  addEventListener<K extends keyof SocketEvents>(name: K, listener: Listener<K>): void {
    const set = this.listeners.get(name);
    if (set) set.add(listener);
    else this.listeners.set(name, new Set([listener]));
  }

  removeEventListener<K extends keyof SocketEvents>(name: K, listener: Listener<K>): void {
    this.listeners.get(name)?.delete(listener);
  }

  abstract send(bytes: Uint8Array): void;

  close(): void {
    this.end(NO_STATUS, "");
  }

  protected opened(): void {
    if (this.readyState !== CONNECTING) return;
    this.readyState = OPEN;
    this.tell("open", {});
  }

  protected received(data: ArrayBuffer): void {
    if (this.readyState === OPEN) this.tell("message", { data });
  }

  /** Closes, and says so after the caller is done. */
  protected end(code: number, reason: string): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.release();
    queueMicrotask(() => this.tell("close", { code, reason }));
  }

  /** Gives up what it held; called once. */
  protected abstract release(): void;

  private tell<K extends keyof SocketEvents>(name: K, event: SocketEvents[K]): void {
    for (const listener of [...(this.listeners.get(name) ?? [])]) {
      try {
        (listener as Listener<K>)(event);
      } catch (error) {
        // As events of the platform do it: the listener's mistake is not the socket's.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
