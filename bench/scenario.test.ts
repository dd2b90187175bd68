import { expect, it } from "vitest";
import { judge, type Limit, medians, percentile } from "./scenario.ts";

const verdict = (target: Limit, ours: number | undefined, peer: number | undefined) =>
  judge({ what: "it", unit: "ms", of: "it", target }, { ours: { it: ours }, peer: { it: peer } });

it.each<[string, Limit, number, number, boolean]>([
  ["≤ 1/3 ×", { ratioAtMost: 1 / 3 }, 1, 3, true],
  ["≤ 1/3 ×", { ratioAtMost: 1 / 3 }, 1.1, 3, false],
  ["≤ 1/2,000 ×", { ratioAtMost: 1 / 2_000 }, 60, 120_000, true],
  ["≥ 0.7 ×", { ratioAtLeast: 0.7 }, 6, 10, false],
  ["≤ 20 ms", { atMost: 20 }, 20, 5, true],
  ["≥ 50,000 ms", { atLeast: 50_000 }, 49_999, 5, false],
  ["≤ peer + 2 ms", { peerPlusAtMost: 2 }, 3, 1, true],
  ["≤ peer + 2 ms", { peerPlusAtMost: 2 }, 3.1, 1, false],
])("judges %s", (text, target, ours, peer, isMet) => {
  expect(verdict(target, ours, peer)).toMatchObject({ target: text, isMet });
});

it("counts a number that is demanded and missing as missed", () => {
  expect(verdict({ atMost: 20 }, undefined, 1).isMet).toBe(false);
  expect(verdict({ ratioAtMost: 1 }, 1, undefined).isMet).toBe(false);
});

it("judges no ratio where the peer was left out, and nothing where we were", () => {
  const row = { what: "it", unit: "", of: "it", target: { ratioAtMost: 1 } };
  expect(judge(row, { ours: { it: 1 }, peer: undefined }).isMet).toBeUndefined();
  expect(judge(row, { ours: undefined, peer: { it: 1 } }).isMet).toBeUndefined();
});

it("takes the median of each number over the rounds that have it", () => {
  expect(medians([{ a: 1, b: 5 }, { a: 9 }, { a: 2, b: 7 }])).toEqual({ a: 2, b: 6 });
  expect(medians([])).toBeUndefined();
  expect(percentile([5, 1, 3], 0.5)).toBe(3);
  expect(percentile([], 0.5)).toBeUndefined();
});
