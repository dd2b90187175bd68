/** Deadline of a wait whose caller names none: long enough for two busy cores, short enough for a person. */
const DEFAULT_DEADLINE_MS = 15_000;
const POLL_MS = 10;

export interface Wait {
  withinMs?: number;
  /** What was waited for, in the words of the failure. */
  what?: string;
}

/**
 * Resolves with the first value of `check` that is neither false, null nor undefined. A `check` that throws counts
 * as "not yet"; its last error is the cause when the deadline passes.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  wait: Wait = {},
): Promise<Exclude<T, false | null | undefined>> {
  const { withinMs = DEFAULT_DEADLINE_MS, what = "the condition" } = wait;
  const end = performance.now() + withinMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== false && value !== null && value !== undefined) {
        return value as Exclude<T, false | null | undefined>;
      }
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= end) {
      throw new Error(
        `Waited ${withinMs} ms for ${what}`,
        lastError === undefined ? undefined : { cause: lastError },
      );
    }
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
  }
}

/** The promise's outcome, or an error that says what did not come in time. */
export async function within<T>(promise: Promise<T>, wait: Wait = {}): Promise<T> {
  const { withinMs = DEFAULT_DEADLINE_MS, what = "the promise" } = wait;
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Waited ${withinMs} ms for ${what}`)), withinMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What any emitter with `on` and `off` has. */
export interface Emitter<Args extends unknown[]> {
  on(event: string, listener: (...args: Args) => void): unknown;
  off(event: string, listener: (...args: Args) => void): unknown;
}

/** Resolves with the arguments of the emitter's next such event that `accepts` takes. */
export async function nextEvent<Args extends unknown[]>(
  emitter: Emitter<Args>,
  event: string,
  wait: Wait & { accepts?: (...args: Args) => boolean } = {},
): Promise<Args> {
  const { promise, resolve } = Promise.withResolvers<Args>();
  const listener = (...args: Args) => {
    if (wait.accepts?.(...args) ?? true) resolve(args);
  };
  emitter.on(event, listener);
  try {
    return await within(promise, { what: `the event "${event}"`, ...wait });
  } finally {
    emitter.off(event, listener);
  }
}
