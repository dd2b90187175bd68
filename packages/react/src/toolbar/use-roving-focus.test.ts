import { expect, it } from "vitest";
import { nextIndex } from "./use-roving-focus.ts";

it("goes round at both ends", () => {
  expect(nextIndex("ArrowRight", 2, 3, false)).toBe(0);
  expect(nextIndex("ArrowLeft", 0, 3, false)).toBe(2);
});

it("is mirrored from right to left", () => {
  expect(nextIndex("ArrowLeft", 0, 3, true)).toBe(1);
  expect(nextIndex("ArrowRight", 0, 3, true)).toBe(2);
});

it("knows Home and End, and leaves every other key alone", () => {
  expect(nextIndex("Home", 2, 3, false)).toBe(0);
  expect(nextIndex("End", 0, 3, false)).toBe(2);
  expect(nextIndex("Tab", 0, 3, false)).toBeUndefined();
});
