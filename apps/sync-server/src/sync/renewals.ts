/** Something whose states have to be told again from time to time. */
export interface Renewable {
  renew(): void;
}

/** y-protocols forgets a state that it was not told for 30 s; its own clients tell theirs every 15 s. */
export const RENEWAL_ROUND_MS = 15_000;
/** Parts of a round, so that a thousand rooms are not renewed in one turn. */
const PARTS = 20;

/** Calls each of many rooms once a round, with one timer for all. */
export class Renewals {
  readonly #partMs: number;
  readonly #parts: Set<Renewable>[] = Array.from({ length: PARTS }, () => new Set());
  readonly #partOf = new Map<Renewable, Set<Renewable>>();
  #next = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(roundMs = RENEWAL_ROUND_MS) {
    this.#partMs = roundMs / PARTS;
  }

  /** First called a whole round from now. Adding again changes nothing. */
  add(room: Renewable): void {
    if (this.#partOf.has(room)) return;
    const part = this.#parts[(this.#next + PARTS - 1) % PARTS]!;
    part.add(room);
    this.#partOf.set(room, part);
    this.#timer ??= setInterval(() => this.#run(), this.#partMs).unref();
  }

  delete(room: Renewable): void {
    this.#partOf.get(room)?.delete(room);
    this.#partOf.delete(room);
    if (this.#partOf.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    const part = this.#parts[this.#next]!;
    this.#next = (this.#next + 1) % PARTS;
    for (const room of part) room.renew();
  }
}
