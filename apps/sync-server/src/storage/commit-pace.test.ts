import { expect, test } from "vitest";
import { CommitPace } from "./commit-pace.ts";

/** Commits of `records` each, so far apart; answers the pace and the time at which the last one began. */
function paceAfter(apartMs: number, records: number, count = 20) {
  const pace = new CommitPace();
  for (let i = 0; i < count; i++) pace.began(i * apartMs, records, undefined);
  return { pace, last: (count - 1) * apartMs };
}
const one = { records: 1, bytes: 100 };

test("W7 who types alone, however fast, waits for nobody, and neither do the first after a quiet time", () => {
  const { pace, last } = paceAfter(20, 1);
  expect(pace.waitMs(last + 1, one)).toBe(0);
  const busy = paceAfter(1, 1);
  expect(busy.pace.waitMs(busy.last + 1, one)).toBeGreaterThan(0);
  expect(busy.pace.waitMs(busy.last + 200, one)).toBe(0);
});

test("W7 the more there is to commit, the further apart commits begin, up to 6 ms", () => {
  const apart = (apartMs: number, records: number) => {
    const { pace, last } = paceAfter(apartMs, records);
    return Math.round(pace.waitMs(last + apartMs, one) + apartMs);
  };
  expect(apart(2, 1)).toBe(3);
  expect(apart(2, 2)).toBe(5);
  expect(apart(1, 50)).toBe(6);
});

test("W7 what is worth a flush does not wait, nor who waits for this very commit", () => {
  const { pace, last } = paceAfter(1, 1);
  const now = last + 1;
  expect(pace.waitMs(now, { records: 64, bytes: 0 })).toBe(0);
  expect(pace.waitMs(now, { records: 1, bytes: 64 * 1024 })).toBe(0);
  pace.began(now, 1, 3);
  expect(pace.waitMs(now + 1, one)).toBeGreaterThan(0);
  pace.began(now + 2, 1, 0);
  for (let at = now + 3; at < now + 102; at++) {
    expect(pace.waitMs(at, one)).toBe(0);
    pace.began(at, 1, undefined);
  }
  expect(pace.waitMs(now + 102, one)).toBeGreaterThan(0);
});
