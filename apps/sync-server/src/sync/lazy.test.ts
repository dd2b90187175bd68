import { expect, test } from "vitest";
import { LazyMap, LazySet } from "./lazy.ts";

test("a lazy map is what a map is, empty or not", () => {
  const lazy = new LazyMap<string, number>();
  const real = new Map<string, number>();
  const seen = () => [
    [...lazy],
    [...lazy.keys()],
    [...lazy.values()],
    lazy.size,
    lazy.get("a"),
    lazy.has("a"),
  ];
  const wanted = () => [
    [...real],
    [...real.keys()],
    [...real.values()],
    real.size,
    real.get("a"),
    real.has("a"),
  ];
  const steps: ((map: LazyMap<string, number> | Map<string, number>) => void)[] = [
    map => void map.delete("a"),
    map => void map.set("a", 1),
    map => void map.set("b", 2),
    map => void map.set("a", 3),
    map => void map.delete("a"),
    map => void map.delete("b"),
    map => void map.set("a", 4),
    map => map.clear(),
  ];
  for (const step of steps) {
    step(lazy);
    step(real);
    expect(seen()).toEqual(wanted());
  }
});

test("a lazy set may lose its members while it is walked through", () => {
  const lazy = new LazySet<number>();
  for (const value of [1, 2, 2, 3]) lazy.add(value);
  const walked: number[] = [];
  for (const value of lazy) {
    walked.push(value);
    lazy.delete(value);
  }
  expect([walked, lazy.size, lazy.has(1)]).toEqual([[1, 2, 3], 0, false]);
  lazy.add(4);
  expect([...lazy]).toEqual([4]);
});
