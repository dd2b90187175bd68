import type { Clock } from "../clock.ts";

/** Keys remembered at once; the oldest is forgotten, so that many addresses cannot fill the memory. */
const MAX_KEYS = 10_000;

export interface RateLimitRule {
  /** Seconds. */
  window: number;
  /** Uses within the window. */
  max: number;
}

export interface RateLimiter {
  /** Counts one use; `retryAfter` is in seconds where it is not allowed. */
  consume(
    key: string,
    rule: RateLimitRule,
  ): { allowed: true; retryAfter: null } | { allowed: false; retryAfter: number };
}

/** Counts uses in fixed windows, in bounded memory. */
export function createRateLimiter(clock: Clock): RateLimiter {
  const uses = new Map<string, { count: number; endsAt: number }>();
  return {
    consume(key, { window, max }) {
      const now = clock.monotonic();
      const known = uses.get(key);
      const current = known && known.endsAt > now ? known : { count: 0, endsAt: now + window * 1000 };
      if (current.count >= max)
        return { allowed: false, retryAfter: Math.ceil((current.endsAt - now) / 1000) };
      current.count += 1;
      // Set anew, so that the map's order is the order of use and the first key is the longest unused.
      uses.delete(key);
      uses.set(key, current);
      if (uses.size > MAX_KEYS) uses.delete(uses.keys().next().value as string);
      return { allowed: true, retryAfter: null };
    },
  };
}

/** What counts as one stranger: the address, or the /64 network of an IPv6 address, which one machine may own whole. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1]) return mapped[1];
  const [head = "", tail] = address.split("%")[0]?.split("::") ?? [];
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const after = tail === "" ? [] : tail.split(":");
    while (groups.length + after.length < 8) groups.push("0");
    groups.push(...after);
  }
  return `${groups
    .slice(0, 4)
    .map(group => group.toLowerCase().replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
