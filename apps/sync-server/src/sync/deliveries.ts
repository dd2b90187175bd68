/** How much may be on its way to readers, and how long making it may take. */
export interface DeliveryLimits {
  /** Smaller frames are not counted. */
  countedBytes: number;
  perActorBytes: number;
  bytes: number;
}

/** A large frame on its way to one reader. */
export interface Delivery {
  /** It was read, or its reader is gone. */
  end(): void;
}

interface Holder {
  readonly frame: Uint8Array;
  readonly startedAt: number;
  giveUp(): void;
}

/** Share of the server's time that one person's questions for states may take, on all connections together. */
const TIME_SHARE = 0.1;
/** Work for which nobody waits: 1 s, a window full of tabs. */
const BURST_MS = 1000 / TIME_SHARE;
/** When no more fits in, the longest under way is given up; who reads has had this time for it. */
const PATIENCE_MS = 10_000;

/**
 * States that were made for readers and that these have not read yet. Each may be a whole document, so there is a
 * bound on all of one person's connections, and on those of everybody: who comes then waits until something was read.
 */
export class Deliveries {
  readonly #limits: DeliveryLimits;
  /** In the order of their beginning. */
  readonly #holders = new Set<Holder>();
  /** The same frame may be on its way to many, and is there once. */
  readonly #holdersOf = new Map<Uint8Array, number>();
  readonly #bytesOf = new Map<string, number>();
  /** Of each actor, until when the work done so far takes its share; those that are over go. */
  readonly #paidAt = new Map<string, number>();
  #bytes = 0;

  constructor(limits: DeliveryLimits) {
    this.#limits = limits;
  }

  /** Bytes of everything on its way, shared frames once. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether something may be made for this actor now. Where there is no room for anybody, somebody who does not read is given up. */
  isReady(actor: string, now: number): boolean {
    if ((this.#paidAt.get(actor) ?? 0) - now > BURST_MS) return false;
    if ((this.#bytesOf.get(actor) ?? 0) >= this.#limits.perActorBytes) return false;
    if (this.#bytes < this.#limits.bytes) return true;
    const [oldest] = this.#holders;
    if (oldest !== undefined && now - oldest.startedAt > PATIENCE_MS) oldest.giveUp();
    return this.#bytes < this.#limits.bytes;
  }

  /** Something took so much of the server's time for this actor. */
  worked(actor: string, ms: number, now: number): void {
    this.#paidAt.set(actor, Math.max(this.#paidAt.get(actor) ?? 0, now) + ms / TIME_SHARE);
    // The first ones were set first, and mostly end first.
    for (const [other, paidAt] of this.#paidAt) {
      if (paidAt > now) break;
      this.#paidAt.delete(other);
    }
  }

  /** The frame was sent. `giveUp` ends the connection, and with it the delivery. */
  begin(actor: string, frame: Uint8Array, now: number, giveUp: () => void): Delivery | undefined {
    if (frame.length <= this.#limits.countedBytes) return undefined;
    const holder: Holder = { frame, startedAt: now, giveUp };
    this.#holders.add(holder);
    const others = this.#holdersOf.get(frame) ?? 0;
    if (others === 0) this.#bytes += frame.length;
    this.#holdersOf.set(frame, others + 1);
    this.#bytesOf.set(actor, (this.#bytesOf.get(actor) ?? 0) + frame.length);
    return { end: () => this.#end(actor, holder) };
  }

  #end(actor: string, holder: Holder): void {
    if (!this.#holders.delete(holder)) return;
    const { frame } = holder;
    const others = this.#holdersOf.get(frame)! - 1;
    if (others > 0) this.#holdersOf.set(frame, others);
    else {
      this.#holdersOf.delete(frame);
      this.#bytes -= frame.length;
    }
    const left = this.#bytesOf.get(actor)! - frame.length;
    if (left > 0) this.#bytesOf.set(actor, left);
    else this.#bytesOf.delete(actor);
  }
}
