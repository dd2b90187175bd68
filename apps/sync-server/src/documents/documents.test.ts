import { LIMITS } from "@octavo/schema";
import { describe, expect, test } from "vitest";
import { createHtmlCache } from "./html-cache.ts";
import { titleFrom } from "./title.ts";

describe("HTML is kept", () => {
  const made: string[] = [];
  const render = (html: string) => async () => {
    made.push(html);
    return html;
  };

  test("per document and seq, and made once for all who wait", async () => {
    const cache = createHtmlCache();
    expect(await Promise.all([cache.get("a", 1, render("one")), cache.get("a", 1, render("again"))])).toEqual(
      ["one", "one"],
    );
    expect(await cache.get("a", 2, render("two"))).toBe("two");
    expect(made).toEqual(["one", "two"]);
  });

  test("within its bytes: the longest unused goes first", async () => {
    const cache = createHtmlCache(10);
    await cache.get("a", 1, render("aaaa"));
    await cache.get("b", 1, render("bbbb"));
    await cache.get("a", 1, render("unused"));
    await cache.get("c", 1, render("cccc"));
    expect(await cache.get("a", 1, render("unused"))).toBe("aaaa");
    expect(await cache.get("b", 1, render("made anew"))).toBe("made anew");
  });

  test("not where rendering failed", async () => {
    const cache = createHtmlCache();
    await expect(cache.get("a", 1, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await cache.get("a", 1, render("yes"))).toBe("yes");
  });
});

test.each([
  [undefined, ""],
  ["  two\nlines\t here ", "two lines here"],
  ["a\u0000b", "a b"],
  ["x".repeat(1000), "x".repeat(LIMITS.titleLength - 2)],
])("a heading %j makes the title %j", (heading, title) => {
  expect(titleFrom(heading)).toBe(title);
});

test("a title is not cut inside a character", () => {
  const title = titleFrom("🦦".repeat(400));
  expect(title.length).toBeLessThanOrEqual(LIMITS.titleLength);
  expect(title.replaceAll("🦦", "")).toBe("");
});
