import { AppError } from "@octavo/schema";
import { networkOf, type RateLimiter, type RateLimitRule } from "../accounts/rate-limiter.ts";
import type { HttpContext, StrangerLimit } from "./route.ts";

/** Per address and minute. Secrets have 256 bits; this bounds the work of hashing passwords and writing rows. */
const RULES: Record<StrangerLimit, RateLimitRule> = {
  "set-up": { window: 60, max: 10 },
  invitation: { window: 60, max: 20 },
  link: { window: 60, max: 120 },
};

/** Counts an attempt of this address. @throws TOO_MANY_REQUESTS */
export function limitStrangers(c: HttpContext, limiter: RateLimiter, limit: StrangerLimit): void {
  const { allowed, retryAfter } = limiter.consume(`${limit} ${networkOf(c.get("address"))}`, RULES[limit]);
  if (!allowed) throw new AppError("TOO_MANY_REQUESTS", undefined, { details: { retryAfter } });
}
