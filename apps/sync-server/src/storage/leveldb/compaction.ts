import type { Clock } from "../../clock.ts";
import type { Database } from "./database.ts";
import { rangesOfDocument } from "./keys.ts";

/** Deleted records of one document that are worth a compaction: below, those that LevelDB makes by itself do. */
const WORTH_BYTES = 2 * 1024 * 1024;
/** Share of the time that compacting may take: after 100 ms of it there are 2 s without. */
const SHARE = 0.05;
const MIN_PAUSE_MS = 1_000;
/** Documents with less to give back than `WORTH_BYTES` that are remembered. */
const MAX_REMEMBERED = 10_000;

export interface CompactionOptions {
  database: Pick<Database, "compact">;
  clock: Clock;
  /** Called after each; for measurements and tests. */
  onCompacted?: (docNo: number, durationMs: number) => void;
}

/**
 * Gives back the space of deleted records. LevelDB keeps them, and the records that they delete, until a compaction
 * comes by, which may be never for a document that nobody writes to any more. One at a time, and rarely: each takes
 * a thread and the disk's bandwidth from the commits beside it.
 */
export class Compaction {
  readonly #options: CompactionOptions;
  readonly #deletedBytes = new Map<number, number>();
  readonly #due = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #notBefore = 0;
  #isClosed = false;

  constructor(options: CompactionOptions) {
    this.#options = options;
  }

  /** Records of a document, of that many bytes, were deleted. */
  deleted(docNo: number, bytes: number): void {
    const sum = (this.#deletedBytes.get(docNo) ?? 0) + bytes;
    if (sum >= WORTH_BYTES) this.purge(docNo);
    else if (this.#deletedBytes.has(docNo) || this.#deletedBytes.size < MAX_REMEMBERED)
      this.#deletedBytes.set(docNo, sum);
  }

  /** The document's deleted records must really go from the disk, however few they are. */
  purge(docNo: number): void {
    if (this.#isClosed) return;
    this.#deletedBytes.delete(docNo);
    this.#due.add(docNo);
    this.#schedule();
  }

  /** Ends with the compaction that runs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#running !== undefined || this.#isClosed || this.#due.size === 0)
      return;
    const waitMs = Math.max(0, this.#notBefore - this.#options.clock.monotonic());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#compactNext().finally(() => {
        this.#running = undefined;
        this.#schedule();
      });
    }, waitMs).unref();
  }

  async #compactNext(): Promise<void> {
    const { database, clock, onCompacted } = this.#options;
    const [docNo] = this.#due;
    if (docNo === undefined) return;
    const startedAt = clock.monotonic();
    let isDone = true;
    for (const range of rangesOfDocument(docNo)) isDone &&= await database.compact(range);
    const durationMs = clock.monotonic() - startedAt;
    this.#notBefore = clock.monotonic() + Math.max(MIN_PAUSE_MS, durationMs / SHARE);
    if (!isDone) return;
    this.#due.delete(docNo);
    onCompacted?.(docNo, durationMs);
  }
}
