import { API_PATH } from "@octavo/schema/protocol";
import { expectAccessible } from "@octavo/test-kit/axe";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { useStage } from "./support.ts";

describe("settings", () => {
  const stage = useStage();

  it("a key made here lets a program in until it is revoked here", async () => {
    const page = await stage.visit(await stage.administrator());
    await page.goto("/");
    await page.getByRole("button", { name: /^Account: / }).click();
    await page.getByRole("menuitem", { name: "Settings" }).click();
    await page.getByRole("heading", { name: "Settings", level: 1 }).waitFor();

    const line = await makeKey(page, "backup");
    const key = await line.inputValue();
    await page.getByText("it will not be shown again").waitFor();
    await expect.poll(() => line.evaluate(input => input === document.activeElement)).toBe(true);
    expect((await createDocument(stage.server.url, key)).status).toBe(201);

    await page.reload();
    await page.getByText("backup", { exact: true }).waitFor();
    expect(await page.content()).not.toContain(key);
    await page.getByRole("button", { name: "Revoke: Key “backup”" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByText("You have no API keys.").waitFor();
    expect((await createDocument(stage.server.url, key)).status).toBe(401);
  });

  it("a key without a name is asked for one, and a key that was copied can be put away", async () => {
    const page = await stage.visit(await stage.administrator());
    await page.goto("/settings");
    await page.getByRole("button", { name: "Make a key" }).click();
    await page.getByText("Please fill this in.").waitFor();

    const line = await makeKey(page, "nightly");
    await page.getByRole("button", { name: "Copy key: Key “nightly”" }).click();
    await page.getByText("Key copied.").waitFor();
    await page.getByRole("button", { name: "Done" }).click();
    await line.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Revoke: Key “nightly”" }).waitFor();
  });

  it("the appearance is the same choice here and in the account menu, and stays", async () => {
    const page = await stage.visit(await stage.administrator(), { colorScheme: "light" });
    await page.goto("/settings");
    await page.getByRole("radio", { name: "Dark" }).check();
    expect(await page.locator("html").getAttribute("data-theme")).toBe("dark");
    await page.getByRole("button", { name: /^Account: / }).click();
    await page.getByRole("menuitemradio", { name: "Dark", checked: true }).waitFor();
    await page.getByRole("menuitemradio", { name: "Light" }).click();
    await page.keyboard.press("Escape");
    expect(await page.getByRole("radio", { name: "Light" }).isChecked()).toBe(true);
    await page.reload();
    expect(await page.locator("html").getAttribute("data-theme")).toBe("light");
    expect(await page.getByRole("radio", { name: "Light" }).isChecked()).toBe(true);
  });

  it("strangers are sent to sign in, and guests find nothing", async () => {
    const stranger = await stage.visit();
    await stranger.goto("/settings");
    expect(new URL(stranger.url()).pathname + new URL(stranger.url()).search).toBe(
      "/signin?next=%2Fsettings",
    );

    const ada = await stage.administrator();
    const { id } = await ada.createDocument("Shared");
    const guest = await stage.visit();
    await guest.goto((await ada.createLink(id, "viewer")).url);
    const answer = await guest.goto("/settings");
    expect(answer?.status()).toBe(404);
    await guest.getByRole("heading", { name: "There is nothing here for you" }).waitFor();
  });

  it.each(["light", "dark"] as const)("axe finds nothing, %s", async colorScheme => {
    const newcomer = await (await stage.administrator()).invite(`Newcomer ${colorScheme}`);
    const page = await stage.visit(newcomer, { colorScheme, reducedMotion: "reduce" });
    await page.goto("/settings");
    await page.getByText("You have no API keys.").waitFor();
    await expectAccessible(page, "settings without keys");
    await makeKey(page, "backup");
    await expectAccessible(page, "a key just made");
    await page.getByRole("button", { name: "Revoke: Key “backup”" }).click();
    await page.getByRole("alertdialog").waitFor();
    await expectAccessible(page, "asking before revoking");
  });
});

/** Makes a key in the page and returns the field that shows it. */
async function makeKey(page: Page, name: string) {
  await page.getByLabel("Name of the new key").fill(name);
  await page.getByRole("button", { name: "Make a key" }).click();
  const line = page.getByRole("textbox", { name: `Key “${name}”` });
  await line.waitFor();
  return line;
}

/** What a program does: no cookie, no page, only the key. */
function createDocument(server: string, key: string): Promise<Response> {
  return fetch(`${server}${API_PATH}/documents`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ title: "By a program" }),
  });
}
