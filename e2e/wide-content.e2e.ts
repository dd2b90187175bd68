import { expectAccessible } from "@octavo/test-kit/axe";
import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { editorOf, openEditor, useStage, waitForText, waitUntilSaved } from "./support.ts";

const HEADS = ["One", "Two", "Three", "Four", "Five"];
const LONG_LINE = `const answer = ${HEADS.map(head => `${head.toLowerCase()}(${"x".repeat(12)})`).join(" + ")};`;
const BODY = {
  format: "markdown",
  body: `Before.

\`\`\`
short
\`\`\`

\`\`\`
${LONG_LINE}
\`\`\`

| ${HEADS.join(" | ")} |
| ${HEADS.map(() => "---").join(" | ")} |
| ${HEADS.map(head => `${head}below`).join(" | ")} |
`,
} as const;
const PHONE = { viewport: { width: 360, height: 740 } };

describe("what is wider than a narrow window", () => {
  const stage = useStage();

  it("wide code and tables scroll, the page does not, and nothing moves when the editor comes", async () => {
    const ada = await stage.administrator();
    const { url } = await ada.createDocument("Wide", BODY);
    const still = await stage.visit(ada, { ...PHONE, javaScriptEnabled: false });
    await still.goto(url);
    const before = await layoutOf(still);
    const page = await stage.visit(ada, PHONE);
    await openEditor(page, url);
    expect(await layoutOf(page)).toEqual(before);
    expect(before.pageWidth).toBe(PHONE.viewport.width);
    expect(before.wide).toEqual([LONG_LINE.slice(0, 5), HEADS.join("").slice(0, 5)]);
  });

  it("one who writes scrolls by the caret, and a click keeps the focus in the text", async () => {
    const ada = await stage.administrator();
    const { id, url } = await ada.createDocument("Wide", BODY);
    const page = await stage.visit(ada, PHONE);
    const editor = await openEditor(page, url);
    await expectAccessible(page, "editor with wide code and a wide table");

    for (const [block, place] of [
      ["pre >> nth=1", LONG_LINE],
      [".tableWrapper", "Fivebelow"],
    ] as const) {
      await editor.locator(block).click();
      await expect.poll(() => hasFocus(editor)).toBe(true);
      await expect.poll(() => hasCaret(editor.locator(block))).toBe(true);
      await editor.getByText(place).click({ position: { x: 4, y: 8 } });
      await page.keyboard.press("End");
      await page.keyboard.type(" the end");
      await expect.poll(() => scrolled(editor.locator(block))).toBeGreaterThan(0);
    }
    await waitUntilSaved(page);
    const text = await ada.read(id, "text");
    expect(text).toContain(`${LONG_LINE} the end`);
    expect(text).toContain("Fivebelow the end");
  });

  it("one who only reads scrolls by the arrow keys what is too wide, and passes by the rest", async () => {
    const ada = await stage.administrator();
    const { id } = await ada.createDocument("Wide", BODY);
    const page = await stage.visit(undefined, PHONE);
    await page.goto((await ada.createLink(id, "viewer")).url);
    const editor = await editorOf(page);
    await waitForText(page, "View only");
    await editor.getByRole("group").nth(1).waitFor();
    await expectAccessible(page, "read-only document with wide code and a wide table");

    await editor.focus();
    for (const name of ["Code block", "Table"]) {
      const block = editor.getByRole("group", { name });
      await page.keyboard.press("Tab");
      await expect.poll(() => hasFocus(block)).toBe(true);
      await page.keyboard.press("ArrowRight");
      await expect.poll(() => scrolled(block)).toBeGreaterThan(0);
    }

    await page.setViewportSize({ width: 1280, height: 740 });
    await editor.getByRole("group", { name: "Table" }).waitFor({ state: "detached" });
    await editor.getByRole("group", { name: "Code block" }).waitFor();
  });
});

/** Where the blocks of the visible body are, and how those begin that are wider than their place. */
function layoutOf(page: Page) {
  return page.evaluate(() => {
    const body = [...document.querySelectorAll<HTMLElement>(".octavo-body")].find(
      one => one.offsetHeight > 0,
    );
    const blocks = [...(body?.children ?? [])];
    const top = body?.getBoundingClientRect().top ?? 0;
    return {
      pageWidth: document.documentElement.scrollWidth,
      wide: blocks
        .filter(block => block.scrollWidth > block.clientWidth)
        .map(block => block.textContent.slice(0, 5)),
      blocks: blocks.map(block => {
        const place = block.getBoundingClientRect();
        return { name: block.localName, top: place.top - top, height: place.height };
      }),
    };
  });
}

function hasFocus(element: Locator): Promise<boolean> {
  return element.evaluate(one => one === document.activeElement);
}

function hasCaret(element: Locator): Promise<boolean> {
  return element.evaluate(one => one.contains(getSelection()?.anchorNode ?? null));
}

function scrolled(block: Locator): Promise<number> {
  return block.evaluate(one => one.scrollLeft);
}
