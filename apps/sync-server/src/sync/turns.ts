/** Something with work waiting. */
export interface Worker {
  /** Does a bounded piece of work; true when more is left. */
  work(): boolean;
}

/**
 * Gives each worker one bounded piece of work per turn of the event loop, in the order they came, so that a
 * flood on one socket delays neither timers nor other sockets.
 */
export class Turns {
  #ready = new Set<Worker>();
  #immediate: NodeJS.Immediate | undefined;

  schedule(worker: Worker): void {
    this.#ready.add(worker);
    this.#immediate ??= setImmediate(() => this.#run());
  }

  #run(): void {
    this.#immediate = undefined;
    const ready = this.#ready;
    this.#ready = new Set();
    for (const worker of ready) if (worker.work()) this.schedule(worker);
  }
}
