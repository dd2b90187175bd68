import { expect, it } from "vitest";
import { fit, GROUP_GAP_PX } from "./fit.ts";

const control = (id: string, group: string, rank: number) => ({ id, group, rank, widthPx: 10 });
const CONTROLS = [
  control("undo", "a", 3),
  control("bold", "b", 1),
  control("italic", "b", 2),
  control("clear", "c", 4),
];
const ALL_PX = 40 + 2 * GROUP_GAP_PX;

it("keeps everything where there is room, without a menu", () => {
  expect([...fit(CONTROLS, ALL_PX, 10)]).toEqual(["undo", "bold", "italic", "clear"]);
});

it("keeps by rank, and leaves room for the menu's button", () => {
  expect([...fit(CONTROLS, ALL_PX - 1, 10)]).toEqual(["bold", "italic", "undo"]);
  expect([...fit(CONTROLS, 30, 10)]).toEqual(["bold", "italic"]);
  expect([...fit(CONTROLS, 29, 10)]).toEqual(["bold"]);
});

it("keeps nothing where not even one fits", () => {
  expect([...fit(CONTROLS, 0, 10)]).toEqual([]);
});
