import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { openEditor, textOf, useStage, waitUntilSaved } from "./support.ts";

const BODY = `# Heading

${"A line that is long enough to wrap on a narrow screen. ".repeat(4)}

| one | two | three | four | five | six |
|---|---|---|---|---|---|
| a wide cell | a wide cell | a wide cell | a wide cell | a wide cell | a wide cell |

\`\`\`
${"a line of code that does not wrap ".repeat(6)}
\`\`\`
`;

describe("by keyboard alone, and on a narrow screen", () => {
  const stage = useStage();

  it("Tab reaches the document from the top of the page, and leaves it", async () => {
    const ada = await stage.administrator();
    const { url } = await ada.createDocument("Keys", { format: "markdown", body: "Some text." });
    const page = await stage.visit(ada);
    const editor = await openEditor(page, url);
    await waitUntilSaved(page);
    await page.locator("body").focus();
    expect(await tabUntil(page, () => isFocused(editor))).toBeLessThan(20);
    await page.keyboard.press("Control+End");
    await page.keyboard.type(" Typed.");
    expect(await textOf(editor)).toBe("Some text. Typed.");
    await page.keyboard.press("Tab");
    expect(await isFocused(editor)).toBe(false);
    expect(await textOf(editor)).toBe("Some text. Typed.");
    await page.keyboard.press("Shift+Tab");
    expect(await isFocused(editor)).toBe(true);
  });

  it("the first stop leads past the header into the document", async () => {
    const ada = await stage.administrator();
    const { url } = await ada.createDocument("Skip", { format: "markdown", body: "Some text." });
    const page = await stage.visit(ada);
    const editor = await openEditor(page, url);
    await page.locator("body").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await isFocused(editor)).toBe(true);
  });

  it("Alt+F10 goes to the toolbar, Escape back to the same selection", async () => {
    const ada = await stage.administrator();
    const { url } = await ada.createDocument("Toolbar", { format: "markdown", body: "Make me bold." });
    const page = await stage.visit(ada);
    const editor = await openEditor(page, url);
    await editor.click();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Alt+F10");
    const toolbar = page.getByRole("toolbar", { name: "Formatting" });
    expect(await hasFocusWithin(toolbar)).toBe(true);
    const bold = toolbar.getByRole("button", { name: "Bold" });
    for (let i = 0; i < 30 && !(await isFocused(bold)); i++) await page.keyboard.press("ArrowRight");
    expect(await isFocused(bold)).toBe(true);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Alt+F10");
    await page.keyboard.press("Escape");
    expect(await isFocused(editor)).toBe(true);
    expect(await editor.locator("strong").textContent()).toBe("Make me bold.");
    await page.keyboard.type("All replaced.");
    expect(await textOf(editor)).toBe("All replaced.");
  });

  it("a dialog closes on Escape and gives the focus back", async () => {
    const ada = await stage.administrator();
    const { url } = await ada.createDocument("Dialog");
    const page = await stage.visit(ada);
    await openEditor(page, url);
    const share = page.getByRole("button", { name: "Share" });
    await share.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await isFocused(share)).toBe(true);
  });

  it.each([320, 360])("nothing scrolls sideways at %i px", async width => {
    const ada = await stage.administrator();
    const { id, url } = await ada.createDocument(`A title that is rather long ${width}`, {
      format: "markdown",
      body: BODY,
    });
    const page = await stage.visit(ada, { viewport: { width, height: 640 } });
    for (const path of ["/", "/trash", "/people", "/nowhere"]) {
      await page.goto(path);
      await expectNoSidewaysScroll(page);
    }
    await openEditor(page, url);
    await waitUntilSaved(page);
    expect(await page.locator(".octavo-save-state").isVisible()).toBe(true);
    await expectNoSidewaysScroll(page);
    await page.getByRole("button", { name: "Share" }).click();
    await page.getByRole("dialog").waitFor();
    await expectNoSidewaysScroll(page);

    const guest = await stage.visit(undefined, { viewport: { width, height: 640 } });
    await guest.goto((await ada.createLink(id, "viewer")).url);
    await expectNoSidewaysScroll(guest);
  });
});

/** Presses Tab until it is so; returns how often. */
async function tabUntil(page: Page, isThere: () => Promise<boolean>): Promise<number> {
  for (let presses = 0; presses < 50; presses++) {
    if (await isThere()) return presses;
    await page.keyboard.press("Tab");
  }
  return Number.POSITIVE_INFINITY;
}

function isFocused(locator: Locator): Promise<boolean> {
  return locator.evaluate(element => element === document.activeElement);
}

function hasFocusWithin(locator: Locator): Promise<boolean> {
  return locator.evaluate(element => element.contains(document.activeElement));
}

async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const { scrollWidth, clientWidth } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.scrollingElement as Element;
    return { scrollWidth, clientWidth };
  });
  expect(scrollWidth, `width of ${page.url()}`).toBeLessThanOrEqual(clientWidth);
}
