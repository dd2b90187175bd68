import { expect, test, vi } from "vitest";
import { Deliveries } from "./deliveries.ts";

const limits = { countedBytes: 10, perActorBytes: 100, bytes: 250 };
const frame = (bytes = 60) => new Uint8Array(bytes);

test("Z6 one person has so much on the way; what was read makes room", () => {
  const deliveries = new Deliveries(limits);
  const first = deliveries.begin("alice", frame(), 0, vi.fn())!;
  expect(deliveries.isReady("alice", 0)).toBe(true);
  deliveries.begin("alice", frame(), 0, vi.fn());
  expect(deliveries.isReady("alice", 0)).toBe(false);
  expect(deliveries.isReady("bob", 0)).toBe(true);
  first.end();
  first.end();
  expect(deliveries.isReady("alice", 0)).toBe(true);
  expect(deliveries.bytes).toBe(60);
});

test("Z6 what goes to many counts once, and small frames not at all", () => {
  const deliveries = new Deliveries(limits);
  const shared = frame();
  const all = Array.from({ length: 50 }, (_, i) => deliveries.begin(`person ${i}`, shared, 0, vi.fn()));
  expect(deliveries.bytes).toBe(60);
  expect(deliveries.begin("alice", frame(10), 0, vi.fn())).toBeUndefined();
  for (const delivery of all) delivery!.end();
  expect(deliveries.bytes).toBe(0);
});

test("Z6 where no more fits in, the longest under way is given up, after it had its time", () => {
  const deliveries = new Deliveries(limits);
  const ends = Array.from({ length: 5 }, (_, i) => {
    const giveUp = vi.fn(() => delivery.end());
    const delivery = deliveries.begin(`person ${i}`, frame(), i, giveUp)!;
    return giveUp;
  });
  expect(deliveries.isReady("alice", 9_000)).toBe(false);
  expect(deliveries.isReady("alice", 10_001)).toBe(true);
  expect(ends.map(({ mock }) => mock.calls.length)).toEqual([1, 0, 0, 0, 0]);
});

test("Z6 what one person's questions cost is a tenth of the time in the long run, on all connections together", () => {
  const deliveries = new Deliveries(limits);
  let now = 0;
  let worked = 0;
  for (; now < 100_000; now += 10) {
    if (!deliveries.isReady("mallory", now)) continue;
    worked += 100;
    deliveries.worked("mallory", 100, now);
    expect(deliveries.isReady("alice", now)).toBe(true);
  }
  expect(worked).toBeGreaterThan(10_000);
  expect(worked).toBeLessThan(11_500);
});
