import { expect, it } from "vitest";
import { when } from "./when.ts";

const now = new Date("2026-11-20T12:00:00Z");

it.each([
  ["2026-11-20T12:00:30Z", "just now"],
  ["2026-11-20T11:59:10Z", "just now"],
  ["2026-11-20T11:18:00Z", "42 min ago"],
  ["2026-11-20T03:00:00Z", "9 h ago"],
  ["2026-11-19T11:00:00Z", "yesterday"],
  ["2026-11-16T11:00:00Z", "4 days ago"],
  ["2026-11-03T11:00:00Z", "3 Nov"],
  ["2025-12-31T23:30:00Z", "31 Dec 2025"],
])("%s is %s", (time, text) => expect(when(new Date(time), now, "UTC")).toBe(text));
