import { describe, expect, test } from "vitest";
import { isFlat, soak } from "./soak.ts";

/** Long enough for a few pauses; the half hour is run on demand. */
const MINUTES = process.env.OCTAVO_LONG === "1" ? 5 : 0.6;

describe.skipIf(process.platform !== "linux")("churn", () => {
  test("X14 of people who come, type, reload, leave and are cut off leaves nothing behind", {
    timeout: 120_000 + MINUTES * 120_000,
  }, async () => {
    const result = await soak({ minutes: MINUTES, people: 15, seed: undefined });
    const hint = `seed ${result.seed}\n${JSON.stringify(result.samples)}\n${result.errors.join("\n")}`;
    expect(
      result.trends.filter(({ isFlat }) => !isFlat),
      hint,
    ).toEqual([]);
    expect(isFlat(result), hint).toBe(true);
    // All ways in were used, and edits were saved.
    expect(Object.keys(result.opened)).toHaveLength(4);
    expect(result.acknowledged).toBeGreaterThan(100);
  });
});
