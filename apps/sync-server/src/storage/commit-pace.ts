/** Commits looked back at. */
const LOOK_BACK = 8;
/** Fewer commits a second than this cost nothing worth waiting for: eight or so people who type. */
const BUSY_PER_SECOND = 100;
/** At 600 records a second, what 300 people type, commits begin 3 ms apart: two records each. */
const MS_PER_RECORD_A_SECOND = 3 / 600;
/** Longest time between the beginnings of two commits: the flush itself takes about one. */
const MAX_MS = 6;
/** A commit of so many records or bytes is worth its flush, and does not wait for more. */
const ENOUGH_RECORDS = 64;
const ENOUGH_BYTES = 64 * 1024;
/** After a wait that brought nothing: those who write wait for this very commit. */
const IN_VAIN_MS = 100;

/**
 * When the next commit begins. Each costs a flush and wakes of two threads, whatever is in it; the more there are of
 * them, the longer the next one waits for company. One person's typing never waits.
 */
export class CommitPace {
  /** Of the last commits, oldest first. */
  readonly #begun: { at: number; records: number }[] = [];
  #offUntil = Number.NEGATIVE_INFINITY;

  /** Time from `now` that the next commit, of what waits now, is to wait for more. */
  waitMs(now: number, waiting: { records: number; bytes: number }): number {
    if (this.isEnough(waiting) || now < this.#offUntil || this.#begun.length < LOOK_BACK) return 0;
    const spanMs = Math.max(now - this.#begun[0]!.at, Number.MIN_VALUE);
    if (spanMs > (LOOK_BACK / BUSY_PER_SECOND) * 1000) return 0;
    const records = this.#begun.reduce((sum, commit) => sum + commit.records, 0);
    const apartMs = Math.min((records / spanMs) * 1000 * MS_PER_RECORD_A_SECOND, MAX_MS);
    return Math.max(this.#begun.at(-1)!.at + apartMs - now, 0);
  }

  isEnough({ records, bytes }: { records: number; bytes: number }): boolean {
    return records >= ENOUGH_RECORDS || bytes >= ENOUGH_BYTES;
  }

  /** A commit begins; `gained` is how many records came while it waited, undefined when it did not wait. */
  began(now: number, records: number, gained: number | undefined): void {
    this.#begun.push({ at: now, records });
    if (this.#begun.length > LOOK_BACK) this.#begun.shift();
    if (gained === 0) this.#offUntil = now + IN_VAIN_MS;
  }
}
