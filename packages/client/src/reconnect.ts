import type { Timers } from "./timers.ts";

const SHORTEST_MS = 500;
const FIRST_LONGEST_MS = 5_000;
const LONGEST_MS = 30_000;
const GROWTH = 1.6;

/**
 * How long to wait before attempt number `attempt` (0 is the first after a loss). Random over the whole span from the
 * first attempt on: with a fixed first delay, everybody comes back in the same tenth of a second after a restart.
 */
export function reconnectDelayMs(attempt: number, random: Timers["random"]): number {
  const longestMs = Math.min(LONGEST_MS, FIRST_LONGEST_MS * GROWTH ** attempt);
  return Math.round(SHORTEST_MS + random() * (longestMs - SHORTEST_MS));
}
