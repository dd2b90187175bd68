import { readFile } from "node:fs/promises";
import { createRandom, eventually, repositoryPath, seedMessage } from "@octavo/test-kit";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import {
  documentIdOf,
  editorOf,
  openEditor,
  sameText,
  textOf,
  useStage,
  waitForText,
  waitUntilSaved,
} from "./support.ts";

describe("two people write together", () => {
  const stage = useStage();

  it("from the printed link to a shared document that survives a killed server", async () => {
    const { server } = stage;
    const ada = await stage.visit();
    await setUpByTheLink(ada, server.setUpUrl as string);
    await importReadme(ada);
    const adaEditor = await editorOf(ada);
    const documentId = documentIdOf(ada);

    const guest = await stage.visit();
    await guest.goto(await makeLink(ada, "Editor"));
    const guestEditor = await editorOf(guest);
    expect(documentIdOf(guest)).toBe(documentId);

    const bert = await stage.visit();
    await acceptInvitation(bert, await makeInvitation(ada), "Bert Brandt");
    await bert.goto(await makeLink(ada, "Editor"));
    const bertEditor = await editorOf(bert);

    await adaEditor.click();
    await ada.keyboard.press("Control+End");
    await ada.keyboard.press("Enter");
    await ada.keyboard.type("middle");
    await waitForText(guest, "middle");
    await waitForText(bert, "middle");

    // The same paragraph: Ada at its end, Bert at its beginning.
    await bertEditor.getByText("middle").click();
    // Nobody presses a key in the millisecond after a click, in which ProseMirror still puts the clicked caret in place.
    await expectCaret(ada, "Bert Brandt");
    await bert.keyboard.press("Home");
    await expectCaret(bert, "Ada Admin");
    await expectCaret(guest, "Ada Admin");
    await Promise.all([type(ada, " ends with Ada."), type(bert, "Bert begins, ")]);
    expect(await sameText(bertEditor, adaEditor)).toContain("Bert begins, middle ends with Ada.");

    await Promise.all([ada, bert].map(page => waitUntilSaved(page)));
    await server.kill();
    await Promise.all([type(ada, " Offline."), type(bert, "Away, ")]);
    await waitForText(ada, "Reconnecting…");
    await server.start();
    await Promise.all([ada, bert].map(page => waitUntilSaved(page, 60_000)));
    const whole = await sameText(adaEditor, bertEditor);
    expect(whole).toContain("Away, middle");
    expect(whole).toContain("ends with Ada. Offline.");

    await guestEditor.getByText("Offline.").click();
    await guest.keyboard.press("End");
    await type(guest, " The guest too.");
    await waitUntilSaved(guest);
    await waitForText(ada, "The guest too.");

    await Promise.all([ada.reload(), bert.reload(), guest.reload()]);
    const texts = await Promise.all([ada, bert, guest].map(async page => textOf(await editorOf(page))));
    expect(texts[0]).toContain("Offline. The guest too.");
    expect(new Set(texts).size).toBe(1);
  });

  it("whenever the page says that all is saved, all is on disk", async () => {
    const { server } = stage;
    const random = createRandom();
    const administrator = await stage.administrator();
    for (let round = 1; round <= 4; round++) {
      const { id, url } = await administrator.createDocument(`Round ${round}`);
      const page = await stage.visit(administrator);
      const editor = await openEditor(page, url);
      await editor.click();
      await waitUntilSaved(page);
      await recordWhatIsSaid(page);
      const typing = page.keyboard.type(random.text(250), { delay: 5 });
      const enough = random.int(5, 120);
      const claimed = await eventually(async () => {
        const said = await page.evaluate(() => globalThis.saidToBeSaved ?? "");
        return said.length >= enough ? true : undefined;
      });
      expect(claimed).toBe(true);
      await server.kill();
      const saved = await page.evaluate(() => globalThis.saidToBeSaved ?? "");
      await typing;
      // Closed before the server is back: this window must not send again what it still has.
      await page.context().close();
      await server.start();
      const stored = await administrator.read(id, "text");
      expect(stored.startsWith(saved), `${seedMessage(random)}, round ${round}`).toBe(true);
    }
  });

  it("undo takes back one's own text and never somebody else's", async () => {
    const administrator = await stage.administrator();
    const colleague = await administrator.invite("Cleo");
    const { id, url } = await administrator.createDocument("Undo", {
      format: "markdown",
      body: "Between the two.",
    });
    const a = await stage.visit(administrator);
    const b = await stage.visit(colleague);
    const aEditor = await openEditor(a, url);
    const bEditor = await openEditor(b, (await administrator.createLink(id, "editor")).url);

    await aEditor.click();
    await a.keyboard.press("Control+End");
    await type(a, " From A.");
    await waitForText(b, "From A.");
    await bEditor.click();
    await b.keyboard.press("Home");
    await type(b, "From B. ");
    await waitForText(a, "From B.");

    for (let i = 0; i < 5; i++) await a.keyboard.press("Control+z");
    expect(await sameText(aEditor, bEditor)).toBe("From B. Between the two.");
    for (let i = 0; i < 5; i++) await a.keyboard.press("Control+y");
    expect(await sameText(aEditor, bEditor)).toBe("From B. Between the two. From A.");
  });
});

declare global {
  /** The text that was there when the page last said that nothing is unsaved. */
  var saidToBeSaved: string | undefined;
}

/** Keeps the text of each moment at which the save state turns to settled. */
async function recordWhatIsSaid(page: Page): Promise<void> {
  await page.evaluate(() => {
    const state = document.querySelector(".octavo-save-state") as HTMLElement;
    const body = document.querySelector(".octavo-body") as HTMLElement;
    new MutationObserver(() => {
      if (state.dataset.settled === "true") globalThis.saidToBeSaved = body.textContent ?? "";
    }).observe(state, { attributes: true, attributeFilter: ["data-settled"] });
  });
}

async function setUpByTheLink(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByLabel("Your name").fill("Ada Admin");
  await page.getByLabel("E-mail").fill("ada.admin@example.com");
  await page.getByLabel("Password").fill("Ada Admin: correct horse");
  await page.getByRole("button", { name: "Create the account" }).click();
  await editorOf(page);
}

async function importReadme(page: Page): Promise<void> {
  await page.goto("/");
  await page.locator("input[type=file]").setInputFiles(repositoryPath("README.md"));
  await page.waitForURL(/\/d\/readme-/i);
  await editorOf(page);
  const readme = await readFile(repositoryPath("README.md"), "utf8");
  const title = /^# (.+)$/m.exec(readme)?.[1] as string;
  await page.locator(".octavo-body").getByRole("heading", { name: title, exact: true }).waitFor();
}

async function makeLink(page: Page, role: "Viewer" | "Commenter" | "Editor"): Promise<string> {
  await page.getByRole("button", { name: "Share" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: role }).check();
  const links = dialog.getByRole("textbox", { name: `${role} link` });
  const before = await links.count();
  await dialog.getByRole("button", { name: "Create link" }).click();
  await eventually(async () => (await links.count()) > before, { what: "the new link" });
  const link = await links.first().inputValue();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  return link;
}

async function makeInvitation(page: Page): Promise<string> {
  const people = await page.context().newPage();
  await people.goto("/people");
  await people.getByRole("button", { name: "Make an invitation" }).click();
  const link = people.locator("input[readonly]").first();
  await link.waitFor();
  const value = await link.inputValue();
  await people.close();
  return value;
}

async function acceptInvitation(page: Page, link: string, name: string): Promise<void> {
  await page.goto(link);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("E-mail").fill("bert@example.com");
  await page.getByLabel("Password").fill(`${name}: correct horse`);
  await page.getByRole("button", { name: "Create the account" }).click();
  await page.getByRole("heading", { name: "Documents" }).waitFor();
}

function type(page: Page, text: string): Promise<void> {
  return page.keyboard.type(text, { delay: 15 });
}

async function expectCaret(page: Page, name: string): Promise<void> {
  const label = page.locator(".octavo-body .octavo-caret .octavo-caret-label", { hasText: name });
  await label.first().waitFor({ state: "attached" });
}
