/** Lets so many tasks run at once; the others wait in their order. */
export class Gate {
  readonly #places: number;
  readonly #line: (() => void)[] = [];
  #running = 0;

  constructor(places: number) {
    this.#places = places;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#line.length;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#places) await new Promise<void>(resolve => this.#line.push(resolve));
    else this.#running++;
    try {
      return await task();
    } finally {
      // The place goes from hand to hand: nobody who comes now is before who waits.
      const next = this.#line.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
