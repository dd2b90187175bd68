import { setTimeout as wait } from "node:timers/promises";
import { eventually } from "@octavo/test-kit";

/**
 * Servers store later than they answer: the peer two seconds after the last edit. So long after a run, what it cost
 * is counted as its cost.
 */
export const STORE_MS = 4_000;
/** Octavo stores the whole state when a document was left alone for half a minute. */
export const IDLE_STORE_MS = 34_000;

export { wait };

/** Waits until the counter has come to `expected`. @throws Error that says how far it came */
export async function reached(read: () => number, expected: number, withinMs = 60_000): Promise<void> {
  try {
    await eventually(() => read() >= expected, { withinMs });
  } catch {
    throw new Error(`Only ${read()} of ${expected} arrived in ${withinMs} ms`);
  }
}

/** Resolves when the counter has stood still for a while. */
export async function still(read: () => number, forMs = 300): Promise<void> {
  let last = read();
  let since = performance.now();
  for (;;) {
    await wait(20);
    const value = read();
    if (value !== last) since = performance.now();
    last = value;
    if (performance.now() - since >= forMs) return;
  }
}
