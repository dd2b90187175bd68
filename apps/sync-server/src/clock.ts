/**
 * Time as an argument: wall time for records that people read, monotonic time for deadlines and limits, so that
 * a clock set back or forward changes neither. Tests pass their own.
 */
export interface Clock {
  /** Milliseconds since 1970; may jump. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
