import { expect, it } from "vitest";
import { initials } from "./avatar.tsx";

it.each([
  ["Ana Kovačević", "AK"],
  ["ana", "A"],
  ["Anne Marie de Vries", "AV"],
  ["  ", ""],
  ["👩‍🚀 Ride", "👩‍🚀R"],
  ["大野 晋", "大晋"],
])("initials of %j are %j", (name, letters) => expect(initials(name)).toBe(letters));
