/** Time as the client sees it; tests give their own. */
export interface Timers {
  /** Milliseconds since 1970. */
  now(): number;
  /** Returns the function that cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  /** In [0, 1). */
  random(): number;
}

export const realTimers: Timers = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    return () => clearTimeout(handle);
  },
  random: () => Math.random(),
};
