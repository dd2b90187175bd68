import { type ErrorCode, isErrorCode, type Recovery, recoveryOfClose } from "@octavo/schema";
import { reconnectDelayMs } from "./reconnect.ts";
import { createStore, isShallowEqual, type Store } from "./store.ts";
import type { Timers } from "./timers.ts";

export type ConnectionState =
  | { state: "connecting" }
  /** The handshake is complete: both sides have the same. */
  | { state: "connected" }
  /** `retryAt`: milliseconds since 1970. */
  | { state: "waiting"; retryAt: number; attempt: number }
  /** For good: what the person can do is in `recovery`. */
  | { state: "closed"; code: ErrorCode; recovery: Recovery };

/** What a link needs of the socket it keeps open. */
export interface LinkTarget {
  /** Starts one attempt; its end is reported to `Link.closed`. */
  connect(): void;
  hangUp(): void;
  /** True where a refused token can be replaced by a new one. */
  hasTokens: boolean;
  onLost(): void;
  onEnded(code: ErrorCode): void;
}

/** Nothing said for this long after an attempt began, by any transport: something between here and the server swallows frames. */
const FIRST_MESSAGE_MS = 25_000;

const CODE_OF_RECOVERY: Record<Recovery, ErrorCode> = {
  retry: "INTERNAL",
  "sign-in": "NOT_SIGNED_IN",
  reload: "CLIENT_TOO_OLD",
  never: "FORBIDDEN",
};

/** Decides when to connect again, and when not: the code word of a close says what helps. */
export class Link {
  readonly state: Store<ConnectionState>;
  private readonly store = createStore<ConnectionState>({ state: "connecting" }, isShallowEqual);
  private readonly target: LinkTarget;
  private readonly timers: Timers;
  private attempt = 0;
  private hasRefusedToken = false;
  private isReopening = false;
  private denial: string | undefined;
  private cancelRetry = (): void => {};
  private cancelFirstMessage = (): void => {};

  constructor(target: LinkTarget, timers: Timers) {
    this.target = target;
    this.timers = timers;
    this.state = this.store;
  }

  /** True while the token of the last attempt was refused: a new one is wanted, not the same again. */
  get needsNewToken(): boolean {
    return this.hasRefusedToken;
  }

  open(): void {
    if (this.store.getSnapshot().state === "closed") return;
    this.cancelRetry();
    this.denial = undefined;
    this.isReopening = false;
    this.store.set({ state: "connecting" });
    this.cancelFirstMessage();
    this.cancelFirstMessage = this.timers.after(FIRST_MESSAGE_MS, () => this.target.hangUp());
    this.target.connect();
  }

  /** Ends the wait between two attempts. */
  retryNow(): void {
    if (this.store.getSnapshot().state === "waiting") this.open();
  }

  /** Takes a new socket in place of the present one. */
  reopen(): void {
    const { state } = this.store.getSnapshot();
    if (state !== "connected" && state !== "connecting") return;
    this.isReopening = true;
    this.target.hangUp();
  }

  heard(): void {
    this.cancelFirstMessage();
  }

  handshakeComplete(): void {
    this.attempt = 0;
    this.hasRefusedToken = false;
    this.store.set({ state: "connected" });
  }

  /** The server refused access inside the protocol; the close that follows gets this reason. */
  denied(reason: string): void {
    this.denial = isErrorCode(reason) ? reason : "FORBIDDEN";
    this.target.hangUp();
  }

  closed(closeCode: number, closeReason: string): void {
    if (this.store.getSnapshot().state === "closed") return;
    this.cancelFirstMessage();
    this.target.onLost();
    const reason = this.denial ?? closeReason;
    const recovery = recoveryOfClose(closeCode, reason);
    if (recovery === "retry" && this.isReopening) {
      this.open();
    } else if (recovery === "retry") {
      this.wait();
    } else if (recovery === "sign-in" && this.target.hasTokens && !this.hasRefusedToken) {
      this.hasRefusedToken = true;
      this.open();
    } else {
      this.end(isErrorCode(reason) ? reason : CODE_OF_RECOVERY[recovery], recovery);
    }
  }

  /** No further attempt; nobody is told. */
  stop(): void {
    this.cancelRetry();
    this.cancelFirstMessage();
    this.store.set({ state: "closed", code: "GONE", recovery: "never" });
  }

  private wait(): void {
    const delayMs = reconnectDelayMs(this.attempt, this.timers.random);
    this.store.set({ state: "waiting", retryAt: this.timers.now() + delayMs, attempt: this.attempt });
    this.attempt += 1;
    this.cancelRetry = this.timers.after(delayMs, () => this.open());
  }

  private end(code: ErrorCode, recovery: Recovery): void {
    this.store.set({ state: "closed", code, recovery });
    this.target.onEnded(code);
  }
}
