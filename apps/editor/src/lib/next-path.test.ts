import { describe, expect, it } from "vitest";
import { nextPath, signInPath } from "./next-path.ts";

describe("nextPath", () => {
  it.each([
    ["/", "/"],
    ["/d/notes-abc?x=1#h", "/d/notes-abc?x=1#h"],
    [undefined, "/"],
    [["/a", "/b"], "/"],
    ["https://evil.example/", "/"],
    ["//evil.example/", "/"],
    ["/\\evil.example/", "/"],
    ["/\t/evil.example/", "/"],
    ["javascript:alert(1)", "/"],
  ])("%j leads to %j", (given, path) => expect(nextPath(given as string)).toBe(path));
});

it("a sign-in link comes back to where it was", () => {
  expect(nextPath(new URLSearchParams(signInPath("/d/a b-c").split("?")[1]).get("next"))).toBe("/d/a%20b-c");
  expect(signInPath("/")).toBe("/signin");
});
