import { describe, expect, it } from "vitest";
import { createRandom } from "./random.ts";

const draws = (seed: number, count = 1000) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.uint32());
};

describe("random", () => {
  it("repeats with the same seed", () => {
    expect(draws(7)).toEqual(draws(7));
  });

  it("stays what it was when released: a found bug is kept as its seed", () => {
    expect(draws(1, 4)).toEqual([1380997414, 1050412942, 3282220930, 1187138729]);
  });

  it("gives neighbouring seeds nothing in common", () => {
    const first = new Set(draws(1));
    expect(draws(2).filter(value => first.has(value))).toHaveLength(0);
  });

  it("draws whole numbers evenly and within both ends", () => {
    const random = createRandom(3);
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 50_000; i++) counts[random.int(0, 4)]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it("shuffles without losing or adding", () => {
    const items = Array.from({ length: 100 }, (_, i) => i);
    const shuffled = createRandom(5).shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
  });

  it("follows the weights", () => {
    const random = createRandom(9);
    const values = Array.from({ length: 10_000 }, () =>
      random.weighted([
        [9, "often"],
        [1, "seldom"],
      ]),
    );
    const seldom = values.filter(value => value === "seldom").length;
    expect(seldom).toBeGreaterThan(800);
    expect(seldom).toBeLessThan(1200);
  });

  it("writes text with surrogate pairs, combining marks and right-to-left, and no broken pair", () => {
    const text = createRandom(11).text(2000);
    expect(text).toMatch(/[\u{10000}-\u{10ffff}]/u);
    expect(text).toMatch(/\p{M}/u);
    expect(text).toMatch(/[\u0590-\u06ff]/);
    expect(text.isWellFormed()).toBe(true);
  });

  it("forks repeat too, and differ by name", () => {
    expect(createRandom(1).fork("a").uint32()).toBe(createRandom(1).fork("a").uint32());
    expect(createRandom(1).fork("a").uint32()).not.toBe(createRandom(1).fork("b").uint32());
  });
});
