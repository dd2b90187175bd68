import { LIMITS } from "@octavo/schema";

/** A message or body of which a part is here. */
export interface Part {
  /** Ends it: there is no room for all that others began. */
  giveUp(): void;
}

/** Below this, what is unfinished is neither counted nor given up: our client's writes are. */
const COUNTED_BYTES = 1024 * 1024;

/**
 * Messages and bodies that did not come in full yet. Each may become as large as a frame may be, and who sends need not
 * end it: so there is a bound on all, and beyond it the longest under way are given up.
 */
export class Unfinished {
  readonly #maxBytes: number;
  /** In the order in which they became large. */
  readonly #parts = new Map<Part, number>();
  #bytes = 0;

  constructor(maxBytes: number = LIMITS.unfinishedBytes) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** So much of it is here by now. */
  has(part: Part, bytes: number): void {
    if (bytes <= COUNTED_BYTES) return;
    this.#bytes += bytes - (this.#parts.get(part) ?? 0);
    this.#parts.set(part, bytes);
    while (this.#bytes > this.#maxBytes) {
      const [oldest] = this.#parts.keys();
      this.done(oldest!);
      oldest!.giveUp();
    }
  }

  /** It is complete, or given up. */
  done(part: Part): void {
    const bytes = this.#parts.get(part);
    if (bytes === undefined) return;
    this.#bytes -= bytes;
    this.#parts.delete(part);
  }
}
