/** The API through the real port: what in-process requests to the router do not show. */
import { readFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import { eventually, repositoryPath, YWebSocketClient } from "@octavo/test-kit";
import { type Person, type ServerProcess, setUp, startServerProcess } from "@octavo/test-kit/test-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

let server: ServerProcess;
let person: Person;

beforeAll(async () => {
  server = await startServerProcess({ environment: { LOG_LEVEL: "debug", LOG_FORMAT: "json" } });
  person = await setUp(server);
});

afterAll(() => server[Symbol.asyncDispose]());

test("a DELETE without a body takes a link back", async () => {
  const { id } = await person.createDocument("Minutes");
  const link = await person.createLink(id, "editor");
  const response = await person.fetch("DELETE", `/api/v1/documents/${id}/links/${link.id}`);
  expect(response.status).toBe(204);
  expect((await fetch(link.url, { redirect: "manual" })).status).not.toBe(303);
});

test("a chunked body is read up to its limit", async () => {
  const small = JSON.stringify({ title: "Chunked" });
  expect(await postInChunks([small.slice(0, 5), small.slice(5)])).toBe(201);
  const huge = "x".repeat(1024 * 1024);
  expect(await postInChunks(['{"title":"', ...Array.from({ length: 30 }, () => huge), '"}'])).toBe(413);
});

/** Status of a POST whose length is not known before its end. */
function postInChunks(chunks: string[]): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const outgoing = httpRequest(
    `${server.url}/api/v1/documents`,
    {
      method: "POST",
      headers: {
        origin: server.url,
        cookie: person.cookie,
        "content-type": "application/json",
        "transfer-encoding": "chunked",
      },
    },
    response => {
      response.resume();
      resolve(response.statusCode);
    },
  );
  outgoing.on("error", reject);
  for (const chunk of chunks) outgoing.write(chunk);
  outgoing.end();
  return promise;
}

test("Y2 the token of a y-websocket client is in no line of the log, and a key in its place lets nobody in", async () => {
  const { id } = await person.createDocument("Minutes");
  const token = await person.accessToken(id, "editor", { id: "yves", name: "Yves" });
  const { key } = await person.request<{ key: string }>("POST", "/api/v1/api-keys", { name: "Script" });
  const clients = [
    { documentId: id, params: { token, schema: "1" } },
    { documentId: id, params: { token: key, schema: "1" } },
    { documentId: id, params: { token: `${token}x`, schema: "1" } },
    { documentId: id, params: { token, schema: "1" }, headers: { origin: "https://evil.example" } },
    { documentId: "nothing", params: { token } },
  ].map(options => new YWebSocketClient({ url: server.url, ...options }));
  const [good, ...refused] = clients as [YWebSocketClient, ...YWebSocketClient[]];
  await good.synced();
  for (const client of refused) await eventually(() => client.ended);
  expect(refused.map(({ ended }) => ended?.reason)).toEqual([
    "TOKEN_INVALID",
    "TOKEN_INVALID",
    "ORIGIN_NOT_ALLOWED",
    "NOT_FOUND",
  ]);
  // A plain request and a refused upgrade are answered with the address they had.
  for (const path of [`/yjs/${id}?token=${token}`, `/sync/v1/nothing?token=${token}`])
    await fetch(server.url + path);
  for (const client of clients) client.destroy();
  await eventually(() => server.output.includes("connection.opened"));
  for (const secret of [token, key, token.slice(-20)]) expect(server.output).not.toContain(secret);
});

test("the example for y-websocket in docs/embedding.md works, and goes on when its token has ended", async () => {
  const { id } = await person.createDocument("Minutes");
  const tokens: string[] = [];
  const fetchToken = async () => {
    const body = { role: "editor", rawYjs: true, expiresInSeconds: 10, user: { id: "yves", name: "Yves" } };
    const path = `/api/v1/documents/${id}/access-tokens`;
    tokens.push((await person.request<{ token: string }>("POST", path, body)).token);
    return tokens.at(-1);
  };
  const page = await readFile(repositoryPath("docs/embedding.md"), "utf8");
  const example = /y-websocket\n\n```js\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  const body = example
    .replace(/^import .*$/gm, "")
    .replace("wss://docs.example.com", server.url.replace("http", "ws"));
  const scope = { WebsocketProvider, Y, documentId: id, fetchToken, showReason: (reason: string) => reason };
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  const run = new AsyncFunction(...Object.keys(scope), `${body}\nreturn { document, provider };`);
  const { document, provider } = (await run(...Object.values(scope))) as {
    document: Y.Doc;
    provider: WebsocketProvider;
  };
  const write = (text: string) => {
    const paragraph = new Y.XmlElement("paragraph");
    paragraph.insert(0, [new Y.XmlText(text)]);
    document.getXmlFragment(BODY_FRAGMENT).push([paragraph]);
  };
  write("first");
  await eventually(async () => (await person.read(id, "text")).includes("first"));
  await eventually(() => tokens.length === 2, { withinMs: 12_000 });
  write("second");
  await eventually(async () => (await person.read(id, "text")).includes("second"));
  provider.destroy();
});
