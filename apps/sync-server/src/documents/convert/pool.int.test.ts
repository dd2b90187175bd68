import { readFile } from "node:fs/promises";
import { AppError } from "@octavo/schema";
import { documentSchema } from "@octavo/schema/document";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate, XmlElement, XmlText } from "yjs";
import { type ConversionPool, type ConversionPoolOptions, createConversionPool } from "./pool.ts";

let pool: ConversionPool | undefined;
afterEach(async () => {
  await pool?.close();
  pool = undefined;
});

function open(options?: ConversionPoolOptions): ConversionPool {
  pool = createConversionPool(options);
  return pool;
}

/** A Y.Doc's state, and the same as base64. */
function stateOf(write: (document: Doc) => void): { update: Uint8Array; body: string } {
  const document = new Doc();
  document.transact(() => write(document));
  const update = encodeStateAsUpdate(document);
  return { update, body: Buffer.from(update).toString("base64") };
}

function paragraph(document: Doc, words: string, name = "paragraph"): XmlElement {
  const element = new XmlElement(name);
  document.getXmlFragment(BODY_FRAGMENT).push([element]);
  element.push([new XmlText(words)]);
  return element;
}

describe("the pool", () => {
  test("imports the project's README and gives it out in every format", async () => {
    const readme = await readFile(new URL("../../../../../README.md", import.meta.url), "utf8");
    const { ydocFromContent, renderState, digest } = open();
    const { update, title } = await ydocFromContent({ format: "markdown", body: readme });
    expect(title).toBe("Octavo");
    const html = String(await renderState(update, "html"));
    expect(html).toMatch(/^<h1 id="h-\w+" data-id="\w+">Octavo<\/h1>/);
    expect(html).not.toContain("<script");
    const again = await ydocFromContent({
      format: "markdown",
      body: String(await renderState(update, "markdown")),
    });
    expect(await renderState(again.update, "text")).toBe(await renderState(update, "text"));
    documentSchema()
      .nodeFromJSON(JSON.parse(String(await renderState(update, "json"))))
      .check();
    expect((await digest(update)).snippet.length).toBeGreaterThan(50);
  });

  test("makes one paragraph with an id of nothing, as one Yjs client", async () => {
    const { update } = await open().ydocFromContent({ format: "markdown", body: "" });
    const document = new Doc();
    applyUpdate(document, update);
    expect(document.getXmlFragment(BODY_FRAGMENT).toString()).toMatch(
      /^<paragraph id="\w{10}"><\/paragraph>$/,
    );
    expect(document.store.clients.size).toBe(1);
  });

  test("writes a foreign Y.Doc anew: its content, not its clients", async () => {
    const { body } = stateOf(document => paragraph(document, "hello"));
    const { update } = await open().ydocFromContent({ format: "yjs", body });
    expect(await pool?.renderState(update, "text")).toBe("hello");
  });

  test("leaves what the schema does not know out of the output", async () => {
    const { update } = stateOf(document => {
      paragraph(document, "known");
      const odd = paragraph(document, "inside", "callout");
      const text = odd.get(0);
      if (text instanceof XmlText)
        text.format(0, 6, { "comment--abcdefgh": { id: "x" }, link: { href: "javascript:x" } });
    });
    expect(await open().renderState(update, "text")).toBe("known\n\ninside");
    expect(await pool?.renderState(update, "html")).not.toContain("javascript");
  });

  test.each([
    ["json that is no document", { format: "json", body: { type: "paragraph" } }, "CONVERSION_FAILED"],
    [
      "json with an unknown node",
      { format: "json", body: { type: "doc", content: [{ type: "script" }] } },
      "CONVERSION_FAILED",
    ],
    [
      "json with an address that is not allowed",
      { format: "json", body: { type: "doc", content: [{ type: "image", attrs: { src: "javascript:x" } }] } },
      "CONVERSION_FAILED",
    ],
    ["bytes that are no update", { format: "yjs", body: "AQIDBAUGBwg=" }, "MALFORMED_UPDATE"],
    [
      "an update that is cut off",
      { format: "yjs", body: stateOf(d => paragraph(d, "hello")).body.slice(0, 24) },
      "MALFORMED_UPDATE",
    ],
    ["lists nested without end", { format: "html", body: "<ul><li>".repeat(10_000) }, "CONVERSION_FAILED"],
  ] as const)("refuses %s", async (_what, content, code) => {
    const error = await open()
      .ydocFromContent(structuredClone(content) as never)
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toHaveProperty("code", code);
  });

  test("kills what takes too long, and goes on", async () => {
    const { ydocFromContent } = open({ deadlineMs: 3_000 });
    await ydocFromContent({ format: "markdown", body: "warm" });
    await expect(ydocFromContent({ format: "markdown", body: "_a*".repeat(20_000) })).rejects.toThrow(
      "took too long",
    );
    expect((await ydocFromContent({ format: "markdown", body: "# next" })).title).toBe("next");
  });

  test("kills what needs too much memory, and goes on", async () => {
    const { ydocFromContent } = open({ heapMib: 64 });
    await expect(ydocFromContent({ format: "html", body: "<p>".repeat(200_000) })).rejects.toThrow(
      "too much memory",
    );
    expect((await ydocFromContent({ format: "markdown", body: "# next" })).title).toBe("next");
  });

  test("lets people read while an import uses up its time", async () => {
    const { update } = stateOf(document => paragraph(document, "hello"));
    const { ydocFromContent, renderState } = open();
    const slow = ydocFromContent({ format: "markdown", body: "_a*".repeat(20_000) });
    const ended = expect(slow).rejects.toHaveProperty("code", "SHUTTING_DOWN");
    expect(await renderState(update, "text")).toBe("hello");
    await pool?.close();
    await ended;
  });

  test("refuses more than may wait", async () => {
    const { ydocFromContent } = open({ maxWaiting: 1 });
    const content = { format: "markdown", body: "x" } as const;
    const taken = [ydocFromContent(content), ydocFromContent(content)];
    await expect(ydocFromContent(content)).rejects.toHaveProperty("code", "TOO_MANY_REQUESTS");
    await Promise.all(taken);
  });
});
