import { describe, expect, it } from "vitest";
import { syntheticEdits } from "./trace.ts";

describe("synthetic history", () => {
  it("is the same in every run", () => {
    expect(syntheticEdits(500)).toEqual(syntheticEdits(500));
  });

  it("has the asked number of edits, inserts and deletions, all inside the text", () => {
    const edits = syntheticEdits(20_000);
    expect(edits).toHaveLength(20_000);
    let text = "";
    for (const [position, deleted, inserted] of edits) {
      expect(position + deleted).toBeLessThanOrEqual(text.length);
      text = text.slice(0, position) + inserted + text.slice(position + deleted);
    }
    expect(text.length).toBeGreaterThan(5_000);
    expect(edits.some(([, deleted]) => deleted > 0)).toBe(true);
  });
});
