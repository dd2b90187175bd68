import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import {
  createHttpProxy,
  eventually,
  type HttpProxy,
  type Person,
  type ServerProcess,
  setUp,
  startServerProcess,
} from "@octavo/test-kit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import WebSocketOfWs from "ws";
import * as Y from "yjs";
import {
  type OpenDocument,
  type OpenDocumentOptions,
  openDocument,
  realTimers,
  type Timers,
} from "../src/index.ts";

let server: ServerProcess;
let owner: Person;
let proxy: HttpProxy;
let documentId: string;
const opened: OpenDocument[] = [];

/** Time runs four times as fast for the clients, and politeness towards the server is tested elsewhere. */
const SPEED = 4;
const timers: Timers = {
  now: () => realTimers.now() * SPEED,
  after: (delayMs, callback) => realTimers.after(delayMs / SPEED, callback),
  random: () => 0,
};

beforeAll(async () => {
  server = await startServerProcess();
  owner = await setUp(server);
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  proxy = await createHttpProxy(server.port);
  documentId = (await owner.createDocument("Trial")).id;
});
afterEach(async () => {
  for (const document of opened.splice(0)) document.close();
  await proxy[Symbol.asyncDispose]();
});

function open(
  name: string,
  options: Partial<OpenDocumentOptions> = {},
  role: "editor" | "viewer" = "editor",
) {
  const document = openDocument({
    server: proxy.url,
    documentId,
    WebSocket: WebSocketOfWs as unknown as typeof WebSocket,
    timers,
    getToken: () => owner.accessToken(documentId, role, { id: name, name }),
    ...options,
  });
  opened.push(document);
  return document;
}

const direct = (name: string) => open(name, { server: server.url });
const synced = (...documents: OpenDocument[]) =>
  Promise.all(
    documents.map(document =>
      eventually(() => document.isSynced.getSnapshot(), { what: "the first handshake" }),
    ),
  );
const transportOf = (document: OpenDocument) => document.transport.getSnapshot();
const textOf = (document: OpenDocument) => document.body.toString().replace(/<[^>]*>/g, "");
const peersOf = (document: OpenDocument) => document.presence.getSnapshot().map(({ user }) => user.name);

function write(document: OpenDocument, text: string): void {
  const block = new Y.XmlElement("paragraph");
  block.insert(0, [new Y.XmlText(text)]);
  document.doc.getXmlFragment(BODY_FRAGMENT).push([block]);
}

/** Both write, both are acknowledged, both see each other and the same. */
async function expectTogether(a: OpenDocument, b: OpenDocument): Promise<void> {
  for (let round = 0; round < 10; round++) {
    write(a, `a${round};`);
    write(b, `b${round};`);
    if (round % 3 === 0) await a.whenSaved();
  }
  await a.whenSaved();
  await b.whenSaved();
  await eventually(() => textOf(a) === textOf(b) && textOf(a).includes("b9"), { what: "the same text" });
  expect(Y.encodeStateVector(a.doc)).toEqual(Y.encodeStateVector(b.doc));
  for (const document of [a, b])
    document.awareness.setLocalStateField("cursor", { anchor: null, head: null });
  await eventually(() => peersOf(a).length === 1 && peersOf(b).length === 1, { what: "presence both ways" });
  expect(await owner.read(documentId, "text")).toContain("a9;");
}

describe.each([
  ["answers upgrades with 400", () => proxy.upgrades(400), "event-stream"],
  ["answers upgrades with 502", () => proxy.upgrades(502), "event-stream"],
  ["never answers upgrades", () => proxy.upgrades("hang"), "event-stream"],
  ["opens WebSockets through which nothing passes", () => proxy.upgrades("mute"), "event-stream"],
  [
    "blocks upgrades and holds answers back until they end",
    () => {
      proxy.upgrades(400);
      proxy.bufferAnswers(true);
    },
    "long-poll",
  ],
] as const)("behind a proxy that %s", (_, worsen, transport) => {
  it(`T1 people write together, by ${transport}`, async () => {
    worsen();
    const [behind, other] = [open("Ana"), direct("Ben")];
    await synced(behind, other);
    expect(transportOf(behind)).toBe(transport);
    expect(transportOf(other)).toBe("websocket");
    await expectTogether(behind, other);
    behind.close();
    await eventually(() => peersOf(other).length === 0, { what: "the end of presence", withinMs: 5_000 });
  });

  it("T1 roles are enforced, and access that ends says why", async () => {
    worsen();
    const reader = open("Rita", {}, "viewer");
    await synced(reader);
    expect(reader.role.getSnapshot()).toMatchObject({ role: "viewer", isWritable: false });
    write(reader, "not for you");
    await eventually(() => reader.saveState.getSnapshot().kind === "cannot-save");
    expect(await owner.read(documentId, "text")).not.toContain("not for you");
    await owner.request("POST", `/api/v1/documents/${documentId}/trash`);
    await eventually(() => reader.connection.getSnapshot().state === "closed", { withinMs: 5_000 });
  });

  it("T1 what was written while the server was away is saved when it is back", async () => {
    worsen();
    const [behind, other] = [open("Ana"), direct("Ben")];
    await synced(behind, other);
    write(behind, "before;");
    await behind.whenSaved();
    await server.kill();
    write(behind, "meanwhile;");
    write(other, "other;");
    await server.start();
    await behind.whenSaved();
    await other.whenSaved();
    await eventually(() => textOf(behind) === textOf(other) && textOf(other).includes("meanwhile"));
    expect(await owner.read(documentId, "text")).toContain("before;");
    expect(transportOf(behind)).toBe(transport);
  });
});
