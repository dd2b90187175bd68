import { expect, test } from "vitest";
import { createRateLimiter, networkOf } from "./rate-limiter.ts";

test("allows as many as the rule says in each window, and says when to come back", () => {
  let now = 0;
  const limiter = createRateLimiter({ now: () => 0, monotonic: () => now });
  const rule = { window: 10, max: 2 };
  const use = () => limiter.consume("a", rule);
  expect([use().allowed, use().allowed, use().allowed]).toEqual([true, true, false]);
  now = 4_000;
  expect(use()).toEqual({ allowed: false, retryAfter: 6 });
  expect(limiter.consume("b", rule).allowed).toBe(true);
  now = 10_000;
  expect(use().allowed).toBe(true);
});

test("forgets the longest unused address when there are too many", () => {
  const limiter = createRateLimiter({ now: () => 0, monotonic: () => 0 });
  const rule = { window: 10, max: 1 };
  limiter.consume("first", rule);
  for (let i = 0; i < 10_000; i++) limiter.consume(String(i), rule);
  expect(limiter.consume("first", rule).allowed).toBe(true);
  expect(limiter.consume("9999", rule).allowed).toBe(false);
});

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0db8:0001:2::9", "2001:db8:1:2::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
])("%s counts as %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
