import { createHttpProxy, eventually, type HttpProxy } from "@octavo/test-kit";
import type { Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { editorOf, openEditor, sameText, useStage, waitForText, waitUntilSaved } from "./support.ts";

const METRICS_TOKEN = "metrics-of-the-test";

describe("behind a proxy that blocks WebSockets", () => {
  const stage = useStage({ environment: { METRICS_TOKEN } });
  let proxy: HttpProxy;

  beforeEach(async () => {
    proxy = await createHttpProxy(stage.server.port);
    proxy.upgrades(400);
  });
  afterEach(() => proxy[Symbol.asyncDispose]());

  /** Open connections by a transport, as an operator sees them. */
  async function connections(transport: string): Promise<number> {
    const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
    const metrics = await (await fetch(`${stage.server.url}/metrics`, { headers })).text();
    return Number(
      new RegExp(`^octavo_sockets{transport="${transport}"} (\\d+)$`, "m").exec(metrics)?.[1] ?? 0,
    );
  }

  async function type(page: Page, text: string): Promise<void> {
    await page.keyboard.press("Control+End");
    await page.keyboard.type(text);
  }

  it.each([
    ["event-stream", false],
    ["long-poll", true],
  ] as const)("a person types, it is saved, and another sees it: %s", async (transport, holdsBack) => {
    proxy.bufferAnswers(holdsBack);
    const ada = await stage.administrator();
    const bert = await ada.invite(`Bert ${transport}`);
    const { id, url } = await ada.createDocument("Behind a proxy", { format: "markdown", body: "Hello." });
    const link = await ada.createLink(id, "editor");
    const path = new URL(url).pathname;
    const behind = await stage.visit(ada, { baseURL: proxy.url });
    const direct = await stage.visit(bert);
    await direct.goto(link.url);
    const there = await openEditor(direct, path);
    const here = await openEditor(behind, path);
    await here.click();
    await type(behind, " From behind.");
    await waitUntilSaved(behind, 60_000);
    await waitForText(direct, "From behind.");
    await there.click();
    await type(direct, " From outside.");
    await waitForText(behind, "From outside.");
    await behind.locator(".octavo-caret").filter({ hasText: bert.name }).waitFor();
    await direct.locator(".octavo-caret").filter({ hasText: ada.name }).waitFor();
    expect(await connections(transport)).toBe(1);
    expect(proxy.seen.upgrades).toBeGreaterThan(0);

    // The choice is remembered: no time is lost the next time. The old page says goodbye.
    await behind.reload();
    const startedAt = performance.now();
    const again = await openEditor(behind, path);
    await again.click();
    await type(behind, " Once more.");
    await waitUntilSaved(behind);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await eventually(async () => (await connections(transport)) === 1, {
      withinMs: 5_000,
      what: "one connection",
    });

    await stage.server.kill();
    await type(behind, " Without a server.");
    await stage.server.start();
    await waitUntilSaved(behind, 60_000);
    expect(await sameText(again, there)).toContain("Once more. Without a server.");
    expect(await ada.read(id, "text")).toContain("Without a server.");
  });

  it("and goes back to a WebSocket on the next visit when one gets through", async () => {
    const ada = await stage.administrator();
    const { url } = await ada.createDocument("Back again", { format: "markdown", body: "Hello." });
    const page = await stage.visit(ada, { baseURL: proxy.url });
    const editor = await openEditor(page, new URL(url).pathname);
    await editor.click();
    await type(page, " One.");
    await waitUntilSaved(page, 60_000);
    await eventually(async () => (await connections("event-stream")) === 1);
    proxy.upgrades("pass");
    await page.reload();
    await (await editorOf(page)).click();
    await type(page, " Two.");
    await waitUntilSaved(page);
    const one = async () =>
      (await connections("websocket")) === 1 && (await connections("event-stream")) === 0;
    await eventually(one, { what: "a WebSocket and no stream" });
  });
});
