import { AppError } from "@octavo/schema";
import { networkOf, type RateLimiter, type RateLimitRule } from "../accounts/rate-limiter.ts";
import type { HttpContext, Route, StrangerLimit } from "./route.ts";

/** Per address and minute. Secrets have 256 bits; this bounds the work of hashing passwords and writing rows. */
const RULES: Record<StrangerLimit, RateLimitRule> = {
  "set-up": { window: 60, max: 10 },
  invitation: { window: 60, max: 20 },
  link: { window: 60, max: 120 },
};

/** Counts a use of what this account may do so often in a minute. @throws TOO_MANY_REQUESTS */
export function limitAccount(limiter: RateLimiter, { path, perMinute: max }: Route, accountId: string): void {
  if (max === undefined) return;
  consume(limiter, `${path} ${accountId}`, { window: 60, max });
}

/** Counts an attempt of this address. @throws TOO_MANY_REQUESTS */
export function limitStrangers(c: HttpContext, limiter: RateLimiter, limit: StrangerLimit): void {
  consume(limiter, `${limit} ${networkOf(c.get("address"))}`, RULES[limit]);
}

function consume(limiter: RateLimiter, key: string, rule: RateLimitRule): void {
  const { allowed, retryAfter } = limiter.consume(key, rule);
  if (!allowed) throw new AppError("TOO_MANY_REQUESTS", undefined, { details: { retryAfter } });
}
