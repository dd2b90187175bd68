import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Api, type Browser, signInAdministrator, startApi } from "../../test/api.ts";
import { createConversionPool } from "./convert/pool.ts";

/** With the real conversion; everything else about documents is tested over HTTP without it. */
const render = createConversionPool();
let api: Api;
let ada: Browser;

beforeAll(async () => {
  api = await startApi({ render });
  ada = await signInAdministrator(api);
});
afterAll(async () => {
  await api.close();
  await render.close();
});

const create = async (content?: object) => {
  const response = await ada.post("/api/v1/documents", content && { content });
  return {
    status: response.status,
    document: (await response.json()) as { id: string; title: string; snippet: string; code?: string },
  };
};
const read = async (id: string, format: string) =>
  (await ada.get(`/api/v1/documents/${id}?format=${format}`)).text();

test("a document without content is one empty paragraph", async () => {
  const { document } = await create({ format: "markdown", body: "" });
  const empty = await (await ada.post("/api/v1/documents", {})).json();
  for (const { id } of [document, empty as { id: string }]) {
    const { type, content } = JSON.parse(await read(id, "json")) as {
      type: string;
      content: { type: string }[];
    };
    expect([type, content.map(node => node.type)]).toEqual(["doc", ["paragraph"]]);
  }
});

test("the project's own README goes in as Markdown, and comes out in every format", async () => {
  const readme = await readFile(fileURLToPath(new URL("../../../../README.md", import.meta.url)), "utf8");
  const { status, document } = await create({ format: "markdown", body: readme });
  expect(status).toBe(201);
  expect(readme).toContain(`# ${document.title}`);
  expect(document.snippet.length).toBeGreaterThan(20);
  expect(await read(document.id, "html")).toContain("<h1");
  expect(await read(document.id, "markdown")).toContain(`# ${document.title}`);
  expect(await read(document.id, "text")).toContain(document.title);
  const view = (await (await ada.get(`/api/v1/documents/${document.id}/view`)).json()) as { html: string };
  expect(view.html).toBe(await read(document.id, "html"));
});

test("content that does not fit is refused by name, and creates nothing", async () => {
  const before = ((await (await ada.get("/api/v1/documents")).json()) as { items: unknown[] }).items.length;
  const unknown = await create({ format: "json", body: { type: "doc", content: [{ type: "nonsense" }] } });
  expect([unknown.status, unknown.document.code]).toEqual([422, "CONVERSION_FAILED"]);
  const noUpdate = await create({ format: "yjs", body: Buffer.from("no update").toString("base64") });
  expect([noUpdate.status, noUpdate.document.code]).toEqual([400, "MALFORMED_UPDATE"]);
  const after = ((await (await ada.get("/api/v1/documents")).json()) as { items: unknown[] }).items.length;
  expect(after).toBe(before);
});
