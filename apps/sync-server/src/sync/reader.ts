import { LIMITS } from "@octavo/schema";
import type { ClientSocket } from "../documents/client-socket.ts";

const RETRY_MS = 50;

/** What somebody who fell behind is sent after having read. */
export interface CatchUp {
  /** Whether the server may spend that on this reader now. */
  isReady(): boolean;
  /** Sends one frame with everything that the document has beyond this state vector. */
  sendMissed(since: Uint8Array): void;
  /** One frame with everybody's presence, if there is any. */
  presenceFrame(): Uint8Array | undefined;
  /** It read nothing at all for too long. */
  tooSlow(): void;
}

/** Somebody who gets no updates and no presence for now. */
interface Behind {
  /** State vector of what was sent, from the first update that was not. */
  since: Uint8Array | undefined;
  hasMissedPresence: boolean;
  /** What waited to leave when it was looked at last. */
  bufferedBytes: number;
  timer: NodeJS.Timeout;
}

/**
 * What goes to one member of a room. While it does not read, only what it has to know is queued for it; what it
 * missed comes in one piece, however much that was.
 */
export class Reader {
  readonly #socket: ClientSocket;
  readonly #catchUp: CatchUp;
  #behind: Behind | undefined;

  constructor(socket: ClientSocket, catchUp: CatchUp) {
    this.#socket = socket;
    this.#catchUp = catchUp;
  }

  /** `before` tells the state vector of what was sent before this frame. */
  sendUpdate(frame: Uint8Array, before: () => Uint8Array): void {
    const behind = this.#fallBehind();
    if (behind === undefined) this.#socket.send(frame);
    else behind.since ??= before();
  }

  sendPresence(frame: Uint8Array): void {
    const behind = this.#fallBehind();
    if (behind === undefined) this.#socket.send(frame);
    else behind.hasMissedPresence = true;
  }

  /** Something large was sent: from now on it must read, also while nobody writes. */
  sentMuch(): void {
    this.#fallBehind();
  }

  /** It has read most of what waited. */
  drained(): void {
    const behind = this.#behind;
    if (behind === undefined) return;
    if (behind.since && !this.#catchUp.isReady()) {
      clearTimeout(behind.timer);
      behind.timer = setTimeout(() => this.drained(), RETRY_MS).unref();
      return;
    }
    this.stop();
    if (behind.since) this.#catchUp.sendMissed(behind.since);
    const presence = behind.hasMissedPresence ? this.#catchUp.presenceFrame() : undefined;
    if (presence) this.#socket.send(presence);
  }

  stop(): void {
    clearTimeout(this.#behind?.timer);
    this.#behind = undefined;
  }

  #fallBehind(): Behind | undefined {
    if (this.#behind) return this.#behind;
    const { bufferedBytes } = this.#socket;
    if (bufferedBytes <= LIMITS.slowReaderBytes) return undefined;
    this.#behind = { since: undefined, hasMissedPresence: false, bufferedBytes, timer: this.#lookLater() };
    return this.#behind;
  }

  #lookLater(): NodeJS.Timeout {
    return setTimeout(() => this.#look(), LIMITS.slowReaderMs).unref();
  }

  /** Slow is who reads little; who read nothing at all is gone. */
  #look(): void {
    const behind = this.#behind!;
    const { bufferedBytes } = this.#socket;
    if (bufferedBytes >= behind.bufferedBytes) {
      this.#catchUp.tooSlow();
      return;
    }
    behind.bufferedBytes = bufferedBytes;
    behind.timer = this.#lookLater();
  }
}
