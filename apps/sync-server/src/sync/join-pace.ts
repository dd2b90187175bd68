/** Share of the server's time that one connection's questions for the state may take. */
const TIME_SHARE = 0.1;
/** Answers beyond the first leave at this rate at most: 14 bytes of question may ask for 30 MB. */
const BYTES_PER_MS = (16 * 1024 * 1024) / 1000;

/** When a connection may be answered its next sync step 1. The first is free. */
export class JoinPace {
  #freeAt = 0;

  /** Milliseconds until the next answer. */
  waitMs(now: number): number {
    return this.#freeAt - now;
  }

  /** An answer of so many bytes was made in this time. */
  answered(bytes: number, startedAt: number, now: number): void {
    this.#freeAt = now + Math.max((now - startedAt) / TIME_SHARE, bytes / BYTES_PER_MS);
  }
}
