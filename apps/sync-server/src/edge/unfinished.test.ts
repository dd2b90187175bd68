import { expect, test, vi } from "vitest";
import { Unfinished } from "./unfinished.ts";

const MIB = 1024 * 1024;

test("Z9 beyond the bound the longest unfinished is given up, what is small never", () => {
  const unfinished = new Unfinished(10 * MIB);
  const part = () => ({ giveUp: vi.fn() });
  const [small, first, second, third] = [part(), part(), part(), part()] as const;
  unfinished.has(small, MIB);
  unfinished.has(first, 2 * MIB);
  unfinished.has(second, 2 * MIB);
  unfinished.has(first, 5 * MIB);
  expect(unfinished.bytes).toBe(7 * MIB);
  unfinished.has(third, 4 * MIB);
  expect(first.giveUp).toHaveBeenCalledTimes(1);
  expect(unfinished.bytes).toBe(6 * MIB);
  unfinished.done(first);
  unfinished.done(second);
  unfinished.done(small);
  expect(unfinished.bytes).toBe(4 * MIB);
  expect([small, second, third].map(({ giveUp }) => giveUp.mock.calls.length)).toEqual([0, 0, 0]);
});
