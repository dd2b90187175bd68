import { setTimeout as wait } from "node:timers/promises";

interface Step {
  name: string;
  withinMs: number;
  run: () => Promise<void>;
}

/** What was opened, closed in the opposite order: every step runs, with its own deadline, whatever became of the others. */
export class Shutdown {
  readonly #steps: Step[] = [];
  #running: Promise<void> | undefined;

  get hasBegun(): boolean {
    return this.#running !== undefined;
  }

  /** Adds what is to be closed before everything added earlier. */
  add(name: string, withinMs: number, run: () => Promise<void>): void {
    this.#steps.unshift({ name, withinMs, run });
  }

  /** Runs all steps once. @throws AggregateError naming the steps that failed or took too long */
  run(): Promise<void> {
    this.#running ??= this.#runAll();
    return this.#running;
  }

  async #runAll(): Promise<void> {
    const faults: Error[] = [];
    for (const step of this.#steps) {
      const fault = await faultOf(step);
      if (fault) faults.push(fault);
    }
    if (faults.length > 0) throw new AggregateError(faults, faults.map(fault => fault.message).join("; "));
  }
}

async function faultOf({ name, withinMs, run }: Step): Promise<Error | undefined> {
  const timer = new AbortController();
  const late = wait(withinMs, new Error(`${name} did not close within ${withinMs} ms`), {
    signal: timer.signal,
  });
  try {
    return await Promise.race([run().then(() => undefined), late]);
  } catch (cause) {
    return new Error(`${name} did not close`, { cause });
  } finally {
    late.catch(() => {});
    timer.abort();
  }
}
