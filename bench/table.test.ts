import { expect, it } from "vitest";
import { digits, table } from "./table.ts";

it("aligns the first column left and numbers right", () => {
  expect(
    table(
      ["what", "n"],
      [
        ["a", "1"],
        ["longer", "1,000"],
      ],
    ),
  ).toBe("| what   |     n |\n|--------|------:|\n| a      |     1 |\n| longer | 1,000 |");
});

it("writes three digits, whole numbers above a hundred, and a dash for nothing", () => {
  expect([0.01234, 1.239, 12.34, 1234.5, undefined].map(digits)).toEqual([
    "0.0123",
    "1.24",
    "12.3",
    "1,235",
    "–",
  ]);
});
