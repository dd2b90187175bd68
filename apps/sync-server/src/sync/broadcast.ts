import { type Doc, encodeStateVector, getState, mergeUpdates } from "yjs";
import type { Clock } from "../clock.ts";
import type { Sketch } from "./guard.ts";
import { LazyMap } from "./lazy.ts";
import { updateFrame } from "./upstream.ts";

/** A connection as the broadcast sees it. */
export interface Recipient {
  readonly address: string;
  /** `before` tells the state vector of what was sent before this frame, for who does not read it now. */
  sendUpdate(frame: Uint8Array, before: () => Uint8Array): void;
}

/** An update that is in the document, and who it came from; undefined for the server's own. */
export interface AppliedUpdate {
  update: Uint8Array;
  sketch: Sketch;
  origin: Recipient | undefined;
}

/** Most that one frame carries: merging as many takes about 3 ms. */
const FRAME_UPDATES = 1024;
const FRAME_BYTES = 1024 * 1024;
/** `Y.mergeUpdates` takes quadratic time (yjs/yjs#710): it never gets more than so many at once. */
const MERGE_FAN_OUT = 16;
/** One recipient's write, mostly the kernel's part of it: measured in a room of 500. */
const SEND_MS = 0.008;
/**
 * The more a broadcast costs, the smaller the share of the time it may take: 100 people cost 0.8 ms and get it every
 * 4 ms, 500 cost 4 ms and get it every 96 ms, which halves what a busy room costs once more.
 */
const WINDOW_PER_COST = 6;
/** Below this, waiting saves nothing worth it: rooms of up to 50 people send in every turn. */
const MIN_WINDOW_MS = 1;
/** Longest that an edit waits for others to go with: what people still take for at once. */
const MAX_WINDOW_MS = 100;

/** Time between two broadcasts of a room, from what the last one cost. */
export function windowMs(recipients: number, mergeMs: number): number {
  const costMs = mergeMs + recipients * SEND_MS;
  const ms = costMs * costMs * WINDOW_PER_COST;
  return ms < MIN_WINDOW_MS ? 0 : Math.min(ms, MAX_WINDOW_MS);
}

/** Merges as a tree, in order. */
export function mergeInTree(updates: readonly Uint8Array[]): Uint8Array {
  let level = updates;
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += MERGE_FAN_OUT) {
      next.push(mergeUpdates(level.slice(i, i + MERGE_FAN_OUT)));
    }
    level = next;
  }
  return level[0]!;
}

/**
 * Sends a room's applied updates to its members: the first after a quiet time at once, the next ones as far apart
 * as the room's size demands, each time as one frame. What goes out are the bytes that were admitted, not what Yjs
 * would encode of them.
 */
export class Broadcaster {
  readonly #document: Doc;
  readonly #members: ReadonlySet<Recipient>;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  #waiting: AppliedUpdate[] = [];
  #waitingBytes = 0;
  /** Of each Yjs client in what waits, the first clock. */
  readonly #starts = new LazyMap<number, number>();
  #nextAt = Number.NEGATIVE_INFINITY;
  #scheduled: "now" | NodeJS.Timeout | undefined;
  #isStopped = false;

  /** `members` is read at each broadcast; `onError` is called with what merging threw. */
  constructor(
    document: Doc,
    surroundings: { members: ReadonlySet<Recipient>; clock: Clock; onError: (error: unknown) => void },
  ) {
    this.#document = document;
    this.#members = surroundings.members;
    this.#clock = surroundings.clock;
    this.#onError = surroundings.onError;
  }

  /** Takes updates that are all in the document already, in the order of the log. */
  add(updates: readonly AppliedUpdate[]): void {
    for (const applied of updates) {
      this.#waiting.push(applied);
      this.#waitingBytes += applied.update.length;
      for (const { client, structs } of applied.sketch.clients) {
        if (!this.#starts.has(client)) this.#starts.set(client, structs[0]!.clock);
      }
    }
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    if (typeof this.#scheduled === "object") clearTimeout(this.#scheduled);
  }

  #schedule(): void {
    if (this.#waiting.length === 0 || this.#isStopped || this.#scheduled === "now") return;
    const leftMs = this.#isFull() ? 0 : this.#nextAt - this.#clock.monotonic();
    if (leftMs > 0) {
      this.#scheduled ??= setTimeout(() => this.#flush(), leftMs);
      return;
    }
    clearTimeout(this.#scheduled);
    this.#scheduled = "now";
    // After everything of the same commit was applied, and before the sockets are written to.
    process.nextTick(() => this.#flush());
  }

  #isFull(): boolean {
    return this.#waiting.length >= FRAME_UPDATES || this.#waitingBytes >= FRAME_BYTES;
  }

  #flush(): void {
    this.#scheduled = undefined;
    if (this.#isStopped) return;
    const startedAt = this.#clock.monotonic();
    const batch = this.#takeFrame();
    const origin = onlyOrigin(batch);
    const recipients = this.#members.size - (origin && this.#members.has(origin) ? 1 : 0);
    // For somebody alone in a document there is nothing to merge.
    if (recipients > 0) {
      let update: Uint8Array;
      try {
        update = mergeInTree(batch.map(applied => applied.update));
      } catch (error) {
        this.#onError(error);
        return;
      }
      const mergedAt = this.#clock.monotonic();
      this.#send(update, origin);
      this.#nextAt = mergedAt + windowMs(recipients, mergedAt - startedAt);
    }
    if (this.#waiting.length === 0) this.#starts.clear();
    // The rest of a flood: others have their turn in between.
    else if (this.#isFull()) this.#scheduled = setTimeout(() => this.#flush(), 0);
    else this.#schedule();
  }

  #takeFrame(): AppliedUpdate[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < FRAME_UPDATES) {
      bytes += this.#waiting[count]!.update.length;
      if (count > 0 && bytes > FRAME_BYTES) {
        bytes -= this.#waiting[count]!.update.length;
        break;
      }
      count++;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    this.#waitingBytes -= bytes;
    return batch;
  }

  #send(update: Uint8Array, origin: Recipient | undefined): void {
    const frameFor = oncePerAddress(address => updateFrame(address, update));
    let vector: Uint8Array | undefined;
    const before = () => (vector ??= this.#vectorBefore());
    for (const member of this.#members) {
      if (member !== origin) member.sendUpdate(frameFor(member.address), before);
    }
  }

  /** State vector without anything that waits or is being sent: what everybody got so far. */
  #vectorBefore(): Uint8Array {
    const clocks = new Map<number, number>();
    for (const client of this.#document.store.clients.keys()) {
      const clock = this.#starts.get(client) ?? getState(this.#document.store, client);
      if (clock > 0) clocks.set(client, clock);
    }
    return encodeStateVector(clocks);
  }
}

/** Who has all of it already: the one it came from, where that is one. */
function onlyOrigin(batch: readonly AppliedUpdate[]): Recipient | undefined {
  const origin = batch[0]?.origin;
  return batch.every(applied => applied.origin === origin) ? origin : undefined;
}

/** Members mostly share the address: the same bytes, and the very same object, go to all of them. */
export function oncePerAddress(encode: (address: string) => Uint8Array): (address: string) => Uint8Array {
  const frames = new Map<string, Uint8Array>();
  return address => {
    let frame = frames.get(address);
    if (frame === undefined) {
      frame = encode(address);
      frames.set(address, frame);
    }
    return frame;
  };
}
