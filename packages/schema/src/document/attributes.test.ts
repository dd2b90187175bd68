import { describe, expect, test } from "vitest";
import { completeHref, isImageSource, isLinkHref, normalizeColor, normalizeHref } from "./attributes.ts";

describe("link addresses", () => {
  test.each([
    "https://example.com/a?b#c",
    "HTTP://example.com",
    "mailto:ana@example.com",
    "tel:+491234",
    "/d/title-2oZ7",
    "/d/title-2oZ7#h-abc",
    "#h-abc",
  ])("%s is one", href => expect(isLinkHref(href)).toBe(true));

  test.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "\u0001javascript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>",
    "vbscript:x",
    "file:///etc/passwd",
    "//evil.example",
    "/api/auth/sign-out",
    "/d/../api/auth/sign-out",
    "https:evil",
    "https:///evil",
    "https://a b",
    "",
    null,
    7,
    `https://a.b/${"x".repeat(3000)}`,
  ])("%j is none", href => expect(isLinkHref(href)).toBe(false));

  test("what people type is completed, and only where it is an address", () => {
    expect(completeHref(" example.com/x ")).toBe("https://example.com/x");
    expect(completeHref("ana@example.com")).toBe("mailto:ana@example.com");
    expect(completeHref("https://example.com")).toBe("https://example.com");
    expect(completeHref("javascript:alert(1)")).toBeUndefined();
    expect(completeHref("hello")).toBeUndefined();
  });

  test("spaces inside are encoded", () => expect(normalizeHref("https://a.b/c d")).toBe("https://a.b/c%20d"));
});

describe("image addresses", () => {
  test.each(["https://a.b/c.png", "/api/v1/attachments/abc-1", "docs/a.png", "./a.png", "../a.png"])(
    "%s is one",
    src => expect(isImageSource(src)).toBe(true),
  );
  test.each([
    "javascript:a",
    "data:image/svg+xml,<svg>",
    "/api/auth/sign-out",
    "//evil.example/x",
    "\\\\evil\\x",
    "a:b",
    "",
  ])("%j is none", src => expect(isImageSource(src)).toBe(false));
});

describe("colours", () => {
  test.each([
    ["#AABBCC", "#aabbcc"],
    ["#abc", "#aabbcc"],
    ["rgb(1, 2, 255)", "#0102ff"],
    ["rgba(1,2,3,1)", "#010203"],
    ["rgb(1 2 3)", "#010203"],
    ["rgb(1,2,300)", undefined],
    ["rgba(1,2,3,0.5)", undefined],
    ["red; background: url(x)", undefined],
    ["var(--x)", undefined],
  ])("%s is %s", (text, color) => expect(normalizeColor(text)).toBe(color));
});
