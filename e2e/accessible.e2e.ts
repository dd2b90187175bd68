import type { Person } from "@octavo/test-kit";
import { expectAccessible } from "@octavo/test-kit/axe";
import type { Page } from "playwright-core";
import { describe, it } from "vitest";
import { editorOf, useStage, waitUntilSaved } from "./support.ts";

const BODY = `# Title of the text

A paragraph with **bold**, *italic*, ~~struck~~ and \`code\`, and [a link](https://example.com).

> A quote

- [ ] open
- [x] done

1. first
2. second

\`\`\`
code
\`\`\`

| a | b |
|---|---|
| c | d |
`;

const COLOR_SCHEMES = ["light", "dark"] as const;

describe.each(COLOR_SCHEMES)("axe finds nothing, %s", colorScheme => {
  const stage = useStage();
  const look = (person?: Person) => stage.visit(person, { colorScheme, reducedMotion: "reduce" });

  it("before there is anybody: set-up, with and without the token", async () => {
    const page = await look();
    await page.goto(stage.server.setUpUrl as string);
    await page.getByRole("heading", { name: "Set up Octavo" }).waitFor();
    await expectAccessible(page, "set-up");
    await page.getByRole("button", { name: "Create the account" }).click();
    await page.locator("[aria-invalid=true]").first().waitFor();
    await expectAccessible(page, "set-up with errors");
    await page.goto("/setup");
    await expectAccessible(page, "set-up without the token");
  });

  it("sign-in, and a wrong password", async () => {
    const ada = await stage.administrator();
    const page = await look();
    await page.goto("/signin");
    await expectAccessible(page, "sign-in");
    await page.getByLabel("E-mail").fill(ada.email);
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").filter({ hasText: /\S/ }).first().waitFor();
    await expectAccessible(page, "sign-in with an error");
  });

  it("invitations, as they are made and as they are taken", async () => {
    const page = await look(await stage.administrator());
    await page.goto("/people");
    await expectAccessible(page, "people");
    await page.getByRole("button", { name: "Make an invitation" }).click();
    const link = page.locator("input[readonly]").first();
    await link.waitFor();
    await expectAccessible(page, "people with an invitation");
    const stranger = await look();
    await stranger.goto(await link.inputValue());
    await expectAccessible(stranger, "invitation");
  });

  it("documents and trash, empty and not", async () => {
    const ada = await stage.administrator();
    const newcomer = await ada.invite(`Newcomer ${colorScheme}`);
    const page = await look(newcomer);
    await page.goto("/");
    await page.getByRole("heading", { name: "Documents" }).waitFor();
    await expectAccessible(page, "no documents");
    await page.goto("/trash");
    await expectAccessible(page, "empty trash");

    await newcomer.createDocument("One", { format: "markdown", body: BODY });
    await newcomer.createDocument("Two");
    await page.goto("/");
    await expectAccessible(page, "documents");
    await page.getByRole("button", { name: "Actions for One" }).click();
    await page.getByRole("menuitem", { name: "Rename" }).waitFor();
    await expectAccessible(page, "menu of a document");
    await page.getByRole("menuitem", { name: "Rename" }).click();
    await page.getByRole("textbox", { name: "Title" }).waitFor();
    await expectAccessible(page, "renaming");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Actions for Two" }).click();
    await page.getByRole("menuitem", { name: "Move to trash" }).click();
    await page.getByText("Moved “Two” to trash.").waitFor();
    await expectAccessible(page, "a notice");

    await page.goto("/trash");
    await expectAccessible(page, "trash");
    await page.getByRole("button", { name: "Delete for ever: Two" }).click();
    await page.getByRole("alertdialog").waitFor();
    await expectAccessible(page, "asking before deleting");
    await page.getByRole("button", { name: "Cancel" }).click();
    await openAccountMenu(page);
    await expectAccessible(page, "account menu");
  });

  it("the editor, its toolbar and the share dialog", async () => {
    const ada = await stage.administrator();
    const { id, url } = await ada.createDocument("Everything", { format: "markdown", body: BODY });
    const page = await look(ada);
    await page.goto(url);
    await editorOf(page);
    await waitUntilSaved(page);
    const guest = await look();
    await guest.goto((await ada.createLink(id, "editor")).url);
    const guestEditor = await editorOf(guest);
    await guestEditor.getByText("A quote").click();
    await page.locator(".octavo-caret").first().waitFor({ state: "attached" });
    await expectAccessible(page, "editor with somebody else");
    await expectAccessible(guest, "editor of a guest");

    await page.getByRole("button", { name: "Share" }).click();
    await page
      .getByRole("button", { name: /^Copy link/ })
      .first()
      .waitFor();
    await expectAccessible(page, "share dialog");
    await page.keyboard.press("Escape");
    for (const name of ["Link", "Table", "Text colour", "Image"]) {
      await page.getByRole("toolbar").getByRole("button", { name, exact: true }).click();
      await page.getByRole("dialog").waitFor();
      await expectAccessible(page, `panel ${name}`);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }

    const reader = await look();
    await reader.goto((await ada.createLink(id, "viewer")).url);
    await editorOf(reader);
    await expectAccessible(reader, "read-only document");
  });

  it("what is not there, and a server that is gone", async () => {
    const ada = await stage.administrator();
    const signedIn = await look(ada);
    await signedIn.goto("/d/nothing-1111111111111111111111");
    await expectAccessible(signedIn, "not found");
    const stranger = await look();
    await stranger.goto("/d/nothing-1111111111111111111111");
    await expectAccessible(stranger, "not found, signed out");

    const { url } = await ada.createDocument("Left alone");
    await signedIn.goto(url);
    await editorOf(signedIn);
    await stage.server.kill();
    await signedIn.getByText("Reconnecting…").first().waitFor();
    await expectAccessible(signedIn, "editor without its server");
    await signedIn.locator('.octavo-save-state[data-state="offline-not-kept"]').waitFor();
    await expectAccessible(signedIn, "editor that is offline");
    await stage.server.start();
  });
});

async function openAccountMenu(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Account: / }).click();
  await page.getByRole("menu").waitFor();
}
