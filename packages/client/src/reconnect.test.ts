import { expect, it } from "vitest";
import { reconnectDelayMs } from "./reconnect.ts";

it("spreads the first attempt over half a second to five", () => {
  expect(reconnectDelayMs(0, () => 0)).toBe(500);
  expect(reconnectDelayMs(0, () => 0.5)).toBe(2750);
  expect(reconnectDelayMs(0, () => 0.999_999)).toBe(5000);
});

it("grows with each attempt, and ends at thirty seconds", () => {
  const longest = [0, 1, 2, 3, 4, 50].map(attempt => reconnectDelayMs(attempt, () => 0.999_999));
  expect(longest).toEqual([5000, 8000, 12800, 20480, 30000, 30000]);
});
