import { expect, it } from "vitest";
import { titleText } from "./title-text.ts";

it("quotes a title, shortens a long one by whole characters, and names an empty one", () => {
  expect(titleText("Minutes")).toBe("“Minutes”");
  expect(titleText("")).toBe("“Untitled”");
  expect(titleText("🦦".repeat(60))).toBe(`“${"🦦".repeat(60)}”`);
  expect(titleText("🦦".repeat(61))).toBe(`“${"🦦".repeat(59)}…”`);
});
