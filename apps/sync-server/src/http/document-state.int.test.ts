import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { DOCUMENT_STATE_TYPE, readDocumentState } from "@octavo/schema/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyUpdate, Doc } from "yjs";
import {
  type Api,
  type Browser,
  EMBED_ORIGIN,
  ORIGIN,
  signInAdministrator,
  signInMember,
  startApi,
} from "../../test/api.ts";

const BODY = Array.from({ length: 300 }, (_, i) => `Line ${i}`).join("\n");

let api: Api;
let owner: Browser;
let path: string;
let token: string;

beforeAll(async () => {
  api = await startApi();
  await signInAdministrator(api);
  owner = await signInMember(api, "Olga");
  const created = await owner.post("/api/v1/documents", { content: { format: "markdown", body: BODY } });
  const { id } = (await created.json()) as { id: string };
  path = `/api/v1/documents/${id}/state`;
  const issued = await owner.post(`/api/v1/documents/${id}/access-tokens`, { role: "viewer" });
  ({ token } = (await issued.json()) as { token: string });
});
afterAll(() => api.close());

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

function textOf(body: Uint8Array): string {
  const state = readDocumentState(body);
  const document = new Doc();
  for (const update of state!.updates) applyUpdate(document, update);
  return document.getXmlFragment("default").toString();
}

describe("the state of a document", () => {
  test.each([
    ["gzip, deflate, br, zstd", "zstd", zstdDecompressSync],
    ["gzip, deflate, br;q=0.5", "br", brotliDecompressSync],
    ["GZIP", "gzip", gunzipSync],
    ["br;q=0, gzip;q=0.1", "gzip", gunzipSync],
    ["", null, (bytes: Uint8Array) => bytes],
    ["zstd;q=0", null, (bytes: Uint8Array) => bytes],
  ])("J4 comes in a coding that the asker takes: %s", async (accepted, coding, decode) => {
    const response = await owner.get(path, { "accept-encoding": accepted });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-encoding")).toBe(coding);
    expect(response.headers.get("content-type")).toBe(DOCUMENT_STATE_TYPE);
    expect(response.headers.get("vary")).toBe("accept-encoding, origin");
    const body = await bytesOf(response);
    expect(response.headers.get("content-length")).toBe(String(body.length));
    expect(textOf(decode(body))).toContain("Line 299");
  });

  test("J4 is stored by nobody, and not sent again to who has it", async () => {
    const first = await owner.get(path);
    const etag = first.headers.get("etag") as string;
    expect(first.headers.get("cache-control")).toBe("no-store");
    const again = await owner.get(path, { "if-none-match": etag });
    expect(again.status).toBe(304);
    expect(await bytesOf(again)).toHaveLength(0);
    expect((await owner.get(path, { "if-none-match": 'W/"0-9999"' })).status).toBe(200);
  });

  test("J4 is for who may read: by session or token, and else as if there were nothing", async () => {
    const stranger = api.browser();
    expect((await stranger.get(path, { authorization: `Bearer ${token}` })).status).toBe(200);
    const refused = await stranger.get(path);
    expect([refused.status, await codeOf(refused)]).toEqual([404, "NOT_FOUND"]);
    const nonsense = await stranger.get(path, { authorization: "Bearer nonsense" });
    expect(await codeOf(nonsense)).toBe("TOKEN_INVALID");
  });

  test("O3 is read by pages that may embed, with a token and without cookies", async () => {
    const stranger = api.browser();
    const authorization = `Bearer ${token}`;
    const preflight = await stranger.send("OPTIONS", path, undefined, {
      origin: EMBED_ORIGIN,
      "access-control-request-method": "GET",
      "access-control-request-headers": "authorization",
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(EMBED_ORIGIN);
    expect(preflight.headers.get("access-control-allow-headers")).toContain("authorization");
    expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
    const read = await stranger.get(path, { origin: EMBED_ORIGIN, authorization });
    expect(read.status).toBe(200);
    expect(read.headers.get("access-control-allow-origin")).toBe(EMBED_ORIGIN);
    const byCookie = await owner.get(path, { origin: EMBED_ORIGIN });
    expect([byCookie.status, byCookie.headers.get("access-control-allow-origin")]).toEqual([
      404,
      EMBED_ORIGIN,
    ]);
  });

  test("O3 is not read by other pages", async () => {
    for (const method of ["GET", "OPTIONS"]) {
      const response = await owner.send(method, path, undefined, {
        origin: "https://evil.example",
        authorization: `Bearer ${token}`,
      });
      expect(response.status).toBe(403);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
      expect(await codeOf(response)).toBe("ORIGIN_NOT_ALLOWED");
    }
    expect((await owner.get(path, { origin: ORIGIN })).status).toBe(200);
    const elsewhere = await owner.send("OPTIONS", "/api/v1/documents", undefined, { origin: EMBED_ORIGIN });
    expect(elsewhere.headers.get("access-control-allow-origin")).toBeNull();
  });
});
