import type { Logger } from "pino";
import { encodeStateAsUpdateV2 } from "yjs";
import type { Clock } from "../clock.ts";
import type { CheckpointStore } from "../storage/checkpoint-store.ts";
import type { Loaded } from "./load.ts";
import type { Room } from "./room.ts";

/** Log records that a cold load replays at most, roughly: about 10 ms in one transaction. */
const MAX_UPDATES = 5_000;
/** Below this a longer log costs less than another checkpoint, which is the whole document again. */
const MIN_BYTES = 64 * 1024;
/** People paused: the time at which a checkpoint disturbs nobody. */
const IDLE_MS = 30_000;

/** When a room's full state is written beside its log. A failed write loses nothing; it is tried again. */
export class Checkpoints {
  readonly #room: Room;
  readonly #store: CheckpointStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  #seq: number;
  #bytes: number;
  #updatesSince: number;
  #bytesSince: number;
  #writing: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastAppliedAt = 0;
  #retryAt = 0;

  constructor(
    room: Room,
    loaded: Loaded,
    surroundings: { store: CheckpointStore; clock: Clock; log: Logger },
  ) {
    this.#room = room;
    this.#store = surroundings.store;
    this.#clock = surroundings.clock;
    this.#log = surroundings.log;
    this.#seq = loaded.checkpoint.seq;
    this.#bytes = loaded.checkpoint.bytes;
    this.#updatesSince = loaded.tail.updates;
    this.#bytesSince = loaded.tail.bytes;
  }

  /** Counts an applied update; begins a checkpoint when one is due. */
  applied(bytes: number): void {
    this.#updatesSince++;
    this.#bytesSince += bytes;
    this.#lastAppliedAt = this.#clock.monotonic();
    const isDue =
      this.#updatesSince >= MAX_UPDATES || this.#bytesSince >= Math.max(MIN_BYTES, this.#bytes / 2);
    if (isDue && this.#lastAppliedAt >= this.#retryAt) void this.write();
    else this.#timer ??= this.#wakeIn(IDLE_MS);
  }

  /** Writes what was applied since the last checkpoint; false when that failed. Never rejects. */
  async write(): Promise<boolean> {
    while (this.#writing) await this.#writing;
    if (this.#room.appliedSeq === this.#seq || this.#room.isBroken) return true;
    this.#writing = this.#write();
    try {
      return await this.#writing;
    } finally {
      this.#writing = undefined;
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #write(): Promise<boolean> {
    const startedAt = this.#clock.monotonic();
    const seq = this.#room.appliedSeq;
    const state = encodeStateAsUpdateV2(this.#room.document);
    const [updates, bytes] = [this.#updatesSince, this.#bytesSince];
    this.#updatesSince = 0;
    this.#bytesSince = 0;
    const { documentId } = this.#room;
    try {
      await this.#store.write(documentId, { seq, state, at: this.#clock.now() });
    } catch (error) {
      this.#updatesSince += updates;
      this.#bytesSince += bytes;
      this.#retryAt = this.#clock.monotonic() + IDLE_MS;
      this.#timer ??= this.#wakeIn(IDLE_MS);
      this.#log.warn({ event: "checkpoint.failed", documentId, seq, error });
      return false;
    }
    this.#seq = seq;
    this.#bytes = state.length;
    const durationMs = Math.round(this.#clock.monotonic() - startedAt);
    this.#log.debug({ event: "checkpoint.written", documentId, seq, bytes: state.length, durationMs });
    return true;
  }

  #wakeIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = undefined;
      const idleMs = this.#clock.monotonic() - this.#lastAppliedAt;
      if (idleMs < IDLE_MS) this.#timer = this.#wakeIn(IDLE_MS - idleMs);
      else void this.write();
    }, ms).unref();
  }
}
