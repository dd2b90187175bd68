import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { type Person, TestClient } from "@octavo/test-kit";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import WebSocket from "ws";
import * as Y from "yjs";
import { editorOf, openEditor, textOf, useStage, waitForText, waitUntilSaved } from "./support.ts";

const BODY = { format: "markdown", body: "What was written." } as const;
const NO_DOCUMENT = ["..", "..%2f..%2fetc", "%00", "a%00b", "x".repeat(10_000), "%E0%A4%A", "%F0%9F%98%80"];
/** A window whose access ended says so within two seconds. */
const REVOKED_WITHIN_MS = 2_000;

describe("access is enforced by the server", () => {
  const stage = useStage();

  it.each(["viewer", "commenter"] as const)("a %s reads and cannot write", async role => {
    const ada = await stage.administrator();
    const { id } = await ada.createDocument("Read only", BODY);
    const page = await stage.visit();
    await page.goto((await ada.createLink(id, role)).url);
    const editor = await editorOf(page);
    await waitForText(page, "View only");
    expect(await editor.getAttribute("contenteditable")).toBe("false");
    await editor.click();
    await page.keyboard.type("I was here");
    expect(await textOf(editor)).toBe(BODY.body);
    expect(await page.getByRole("toolbar").count()).toBe(0);

    // And whoever goes round the page is refused by the server.
    const client = new TestClient({
      url: stage.server.url,
      documentId: id,
      schema: SCHEMA_VERSION,
      headers: { cookie: await cookieOf(page), origin: stage.server.url },
    });
    await client.synced();
    const paragraph = new Y.XmlElement("paragraph");
    client.document.getXmlFragment("default").push([paragraph]);
    await expect.poll(() => client.messages.map(({ type }) => type)).toContain("write-refused");
    client.destroy();
    expect((await ada.read(id, "text")).trim()).toBe(BODY.body);
  });

  it("revoking a link ends open windows within two seconds, with an explanation and the text kept", async () => {
    const ada = await stage.administrator();
    const { id, url } = await ada.createDocument("To be closed", BODY);
    const owner = await stage.visit(ada);
    await openEditor(owner, url);
    const link = await ada.createLink(id, "editor");
    const guest = await stage.visit();
    await guest.goto(link.url);
    const editor = await editorOf(guest);
    await editor.click();
    await guest.keyboard.press("Control+End");
    await guest.keyboard.type(" And more.");
    await waitUntilSaved(guest);

    await owner.getByRole("button", { name: "Share" }).click();
    await owner.getByRole("button", { name: "Revoke: Editor link" }).click();
    await owner.getByRole("alertdialog").getByRole("button", { name: "Revoke" }).click();
    await guest
      .locator(".octavo-notice")
      .filter({ hasText: /access/ })
      .waitFor({ timeout: REVOKED_WITHIN_MS });
    expect(await editor.getAttribute("contenteditable")).toBe("false");
    expect(await textOf(editor)).toBe("What was written. And more.");

    await guest.goto(link.url);
    await guest.getByRole("heading", { name: "There is nothing here for you" }).waitFor();
    await guest.goto(url);
    await guest.getByRole("heading", { name: "There is nothing here for you" }).waitFor();
  });

  it("no access looks exactly like no such document", async () => {
    const ada = await stage.administrator();
    const cleo = await ada.invite("Cleo");
    const { id, url } = await ada.createDocument("Secret plan", BODY);
    const unknown = url.replace(id, "1111111111111111111111");
    for (const person of [cleo, undefined]) {
      const page = await stage.visit(person);
      expect(await whatIsShown(page, url)).toEqual(await whatIsShown(page, unknown));
      expect(await page.content()).not.toContain("Secret plan");
    }
    for (const path of [`/api/v1/documents/${id}`, `/api/v1/documents/${id}/view`]) {
      const [there, notThere] = await Promise.all(
        [path, path.replace(id, "1111111111111111111111")].map(one => cleo.fetch("GET", one)),
      );
      expect([there?.status, notThere?.status]).toEqual([404, 404]);
    }
  });

  it("addresses that no document has are answered, and nobody is disturbed", async () => {
    const ada = await stage.administrator();
    const { id, url } = await ada.createDocument("Undisturbed", BODY);
    const page = await stage.visit(ada);
    const editor = await openEditor(page, url);
    const roomsBefore = roomsLoaded(stage.server.output);

    for (const name of NO_DOCUMENT) {
      const status = await statusOf(ada, stage.server.url, `/d/${name}`);
      // By the URL standard `/d/..` is another name of `/`.
      expect(name === ".." ? [200] : [308, 400, 404, 414], `the page of ${name.slice(0, 20)}`).toContain(
        status,
      );
      const socket = await closeOf(`${stage.server.url.replace("http", "ws")}/sync/v1/${name}`);
      expect(socket, `the socket of ${name.slice(0, 20)}`).toMatch(/^(4404|http 4\d\d)/);
    }
    const unknown = "1111111111111111111111";
    const client = new TestClient({
      url: stage.server.url,
      documentId: unknown,
      headers: { cookie: ada.cookie, origin: stage.server.url },
    });
    await expect.poll(() => client.denied ?? client.closes[0]?.reason).toMatch(/NOT_FOUND/);
    client.destroy();
    expect(roomsLoaded(stage.server.output)).toBe(roomsBefore);

    await editor.click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type(" Still here.");
    await waitUntilSaved(page);
    expect(await ada.read(id, "text")).toContain("Still here.");
  });
});

async function cookieOf(page: Page): Promise<string> {
  const cookies = await page.context().cookies();
  return cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
}

/** Status and visible text of an address, the address itself left out. */
async function whatIsShown(page: Page, url: string): Promise<{ status: number | undefined; text: string }> {
  const response = await page.goto(url);
  // biome-ignore lint/performance/useDomNodeTextContent: only what people see counts, and scripts name the address
  return { status: response?.status(), text: await page.locator("body").innerText() };
}

/** Status of an address exactly as it is written: fetch would resolve the dots itself. */
async function statusOf({ cookie }: Person, server: string, path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(server);
  const request = get({ hostname, port, path, headers: { cookie } });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

/** How a socket ends: its close code, or the status of a refused upgrade. */
function closeOf(url: string): Promise<string> {
  return new Promise(resolve => {
    const socket = new WebSocket(url);
    socket.on("unexpected-response", (_request, response) => resolve(`http ${response.statusCode}`));
    socket.on("error", error => resolve(`error ${error.message}`));
    socket.on("close", code => resolve(String(code)));
  });
}

function roomsLoaded(output: string): number {
  return output.split('"event":"room.loaded"').length - 1;
}
