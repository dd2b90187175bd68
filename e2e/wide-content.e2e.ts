import { expectAccessible } from "@octavo/test-kit/axe";
import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { editorOf, openEditor, textOf, useStage, waitForText, waitUntilSaved } from "./support.ts";

const HEADS = ["One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight"];
const LONG_LINE = `const answer = ${HEADS.map(head => `${head.toLowerCase()}(${"x".repeat(12)})`).join(" + ")};`;
const BODY = {
  format: "markdown",
  body: `Before.

\`\`\`
${LONG_LINE}
\`\`\`

| ${HEADS.join(" | ")} |
| ${HEADS.map(() => "---").join(" | ")} |
| ${HEADS.map(head => `${head} below`).join(" | ")} |
`,
} as const;
const PHONE = { viewport: { width: 360, height: 740 } };

describe("what is wider than a narrow window", () => {
  const stage = useStage();

  it("long code wraps and the page never scrolls sideways, before and after the editor is there", async () => {
    const ada = await stage.administrator();
    const { url } = await ada.createDocument("Wide", BODY);
    const still = await stage.visit(ada, { ...PHONE, javaScriptEnabled: false });
    await still.goto(url);
    const before = await layoutOf(still);
    const page = await stage.visit(ada, PHONE);
    await openEditor(page, url);
    expect(await layoutOf(page)).toEqual(before);
    expect(before.pageWidth).toBe(PHONE.viewport.width);
    expect(before.isCodeWider).toBe(false);
    expect(before.isTableWider).toBe(true);
  });

  it("one who writes scrolls a table by the caret, and a click in it keeps the focus in the text", async () => {
    const ada = await stage.administrator();
    const { id, url } = await ada.createDocument("Wide", BODY);
    const page = await stage.visit(ada, PHONE);
    const editor = await openEditor(page, url);
    await expectAccessible(page, "editor with a wide table");

    await editor.getByText("One below").click();
    await expect.poll(() => hasFocus(editor)).toBe(true);
    for (const _ of HEADS.slice(1)) await page.keyboard.press("Tab");
    await page.keyboard.press("End");
    await page.keyboard.type(" the last");
    await expect.poll(() => scrolled(editor)).toBeGreaterThan(0);
    await waitUntilSaved(page);
    expect(await ada.read(id, "text")).toContain("Eight below the last");
    expect(await textOf(editor)).toContain(LONG_LINE);
  });

  it("one who only reads scrolls a table by the arrow keys", async () => {
    const ada = await stage.administrator();
    const { id } = await ada.createDocument("Wide", BODY);
    const page = await stage.visit(undefined, PHONE);
    await page.goto((await ada.createLink(id, "viewer")).url);
    const editor = await editorOf(page);
    await waitForText(page, "View only");
    await expectAccessible(page, "read-only document with a wide table");
    await editor.focus();
    await page.keyboard.press("Tab");
    await expect.poll(() => hasFocus(editor.getByRole("group", { name: "Table" }))).toBe(true);
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => scrolled(editor)).toBeGreaterThan(0);
  });
});

/** Where the blocks of the visible body are, and what is wider than its place. */
function layoutOf(page: Page) {
  return page.evaluate(() => {
    const body = [...document.querySelectorAll<HTMLElement>(".octavo-body")].find(
      one => one.offsetHeight > 0,
    );
    const isWider = (selector: string) => {
      const element = body?.querySelector(selector);
      return element ? element.scrollWidth > element.clientWidth : undefined;
    };
    const top = body?.getBoundingClientRect().top ?? 0;
    return {
      pageWidth: document.documentElement.scrollWidth,
      isCodeWider: isWider("pre"),
      isTableWider: isWider(".tableWrapper"),
      blocks: [...(body?.children ?? [])].map(block => {
        const place = block.getBoundingClientRect();
        return { name: block.localName, top: place.top - top, height: place.height };
      }),
    };
  });
}

function hasFocus(element: Locator): Promise<boolean> {
  return element.evaluate(one => one === document.activeElement);
}

function scrolled(editor: Locator): Promise<number> {
  return editor.locator(".tableWrapper").evaluate(wrapper => wrapper.scrollLeft);
}
