import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { CheckpointMaker } from "./checkpoint-maker.ts";
import type { Loaded } from "./load.ts";
import type { Room } from "./room.ts";

/** Log records that a cold load of a small document replays at most, roughly: about 10 ms in one transaction. */
const MAX_UPDATES = 5_000;
/** Bytes of state for which a load takes about as long as for one log record: a larger document may have more of them. */
const BYTES_PER_UPDATE = 50;
/** Below this a longer log costs less than another checkpoint, which is the whole document again. */
const MIN_BYTES = 64 * 1024;
/** Share of the state that the log has to reach while people write. */
const BUSY_SHARE = 1 / 2;
/** The same when they pause or leave: the best time, but not for a word in a large document. */
const REST_SHARE = 1 / 4;
/** In a pause a shorter log is left as it is: people will go on, and a thousand small documents may pause at once. */
const PAUSE_UPDATES = 64;
const PAUSE_BYTES = 4 * 1024;
/** People paused: the time at which a checkpoint disturbs nobody. */
const IDLE_MS = 30_000;

/** When a room's full state is written beside its log. A failed write loses nothing; it is tried again. */
export class Checkpoints {
  readonly #room: Room;
  readonly #maker: CheckpointMaker;
  readonly #clock: Clock;
  readonly #log: Logger;
  #seq: number;
  #bytes: number;
  #updatesSince: number;
  #bytesSince: number;
  #writing: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasChanged = false;
  #lastAppliedAt = 0;
  #retryAt = 0;

  constructor(
    room: Room,
    loaded: Loaded,
    surroundings: { maker: CheckpointMaker; clock: Clock; log: Logger },
  ) {
    this.#room = room;
    this.#maker = surroundings.maker;
    this.#clock = surroundings.clock;
    this.#log = surroundings.log;
    this.#seq = loaded.checkpoint.seq;
    this.#bytes = loaded.checkpoint.bytes;
    this.#updatesSince = loaded.tail.updates;
    this.#bytesSince = loaded.tail.bytes;
  }

  /** Counts an applied update; begins a checkpoint when one is due. */
  applied(bytes: number): void {
    this.#hasChanged = true;
    this.#updatesSince++;
    this.#bytesSince += bytes;
    this.#lastAppliedAt = this.#clock.monotonic();
    const isDue =
      this.#updatesSince >= Math.max(MAX_UPDATES, this.#bytes / BYTES_PER_UPDATE) ||
      this.#bytesSince >= Math.max(MIN_BYTES, this.#bytes * BUSY_SHARE);
    if (isDue && this.#lastAppliedAt >= this.#retryAt) void this.#writeAlone();
    else this.#timer ??= this.#wakeIn(IDLE_MS);
  }

  /** Writes where that is worth it now that nobody writes; false when it failed. Never rejects. */
  async rest(): Promise<boolean> {
    while (this.#writing) await this.#writing;
    if (this.#room.appliedSeq === this.#seq || this.#room.isBroken) return true;
    if (this.#bytesSince < this.#bytes * REST_SHARE) return true;
    // Read and left: the next load costs what this one did.
    if (!this.#hasChanged && this.#bytesSince < MIN_BYTES) return true;
    return this.#writeAlone();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #writeAlone(): Promise<boolean> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<boolean> {
    const startedAt = this.#clock.monotonic();
    const { documentId } = this.#room;
    let taken = { updates: 0, bytes: 0 };
    try {
      const { seq, bytes } = await this.#maker.write(this.#room, () => {
        taken = { updates: this.#updatesSince, bytes: this.#bytesSince };
        this.#updatesSince = 0;
        this.#bytesSince = 0;
      });
      this.#seq = seq;
      this.#bytes = bytes;
      // What was deleted is no part of it any more: the document's size counts from here.
      this.#room.bytes = bytes + this.#bytesSince;
      const durationMs = Math.round(this.#clock.monotonic() - startedAt);
      this.#log.debug({ event: "checkpoint.written", documentId, seq, bytes, durationMs });
      return true;
    } catch (error) {
      this.#updatesSince += taken.updates;
      this.#bytesSince += taken.bytes;
      this.#retryAt = this.#clock.monotonic() + IDLE_MS;
      this.#timer ??= this.#wakeIn(IDLE_MS);
      this.#log.warn({ event: "checkpoint.failed", documentId, error });
      return false;
    }
  }

  #wakeIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = undefined;
      const idleMs = this.#clock.monotonic() - this.#lastAppliedAt;
      if (idleMs < IDLE_MS) this.#timer = this.#wakeIn(IDLE_MS - idleMs);
      else if (this.#updatesSince >= PAUSE_UPDATES || this.#bytesSince >= PAUSE_BYTES) void this.rest();
    }, ms).unref();
  }
}
