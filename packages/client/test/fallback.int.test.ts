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

const METRICS = { authorization: "Bearer metrics-of-the-test" };

beforeAll(async () => {
  server = await startServerProcess({ environment: { METRICS_TOKEN: "metrics-of-the-test" } });
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

/** Every state of a store that somebody could have seen. */
function record<T>(store: { getSnapshot(): T; subscribe(listener: () => void): () => void }): T[] {
  const seen = [store.getSnapshot()];
  store.subscribe(() => seen.push(store.getSnapshot()));
  return seen;
}

const isLong = process.env.OCTAVO_LONG === "1";

describe.each([
  ["event-stream", false],
  ["long-poll", true],
] as const)("by %s through a proxy that cuts", (transport, holdsBack) => {
  async function openBoth(): Promise<[OpenDocument, OpenDocument]> {
    proxy.upgrades(400);
    proxy.bufferAnswers(holdsBack);
    const [behind, other] = [open("Ana"), direct("Ben")];
    await synced(behind, other);
    expect(transportOf(behind)).toBe(transport);
    behind.awareness.setLocalStateField("cursor", { anchor: null, head: null });
    await eventually(() => peersOf(other).includes("Ana"));
    return [behind, other];
  }

  it("T5 what is idle, nobody notices", { timeout: isLong ? 300_000 : 60_000 }, async () => {
    const [behind, other] = await openBoth();
    const states = record(behind.connection);
    const peers = record(other.presence);
    // A minute in reality; the long form waits that long.
    proxy.cutIdleAfter(isLong ? 60_000 : 400);
    const before = proxy.seen.requests;
    const until = performance.now() + (isLong ? 150_000 : 4_000);
    for (let round = 0; performance.now() < until; round++) {
      write(other, `from there ${round};`);
      await eventually(() => textOf(behind).includes(`from there ${round};`));
      write(behind, `from here ${round};`);
      await behind.whenSaved();
      await new Promise(resolve => setTimeout(resolve, isLong ? 70_000 : 900));
    }
    expect(proxy.seen.requests).toBeGreaterThan(before + 4);
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(["connected"]));
    expect(peers.every(list => list.length === 1)).toBe(true);
    await expectTogether(behind, other);
  });

  it("T5 whatever is cut, whenever, nothing is lost and nothing comes twice", async () => {
    const [behind, other] = await openBoth();
    const states = record(behind.connection);
    proxy.cutAllAfter(150);
    for (let round = 0; round < 60; round++) {
      write(behind, `a${round};`);
      if (round % 3 === 0) write(other, `b${round};`);
      await new Promise(resolve => setTimeout(resolve, 25));
      if (round % 7 === 0) proxy.cut();
    }
    await behind.whenSaved();
    await other.whenSaved();
    await eventually(() => textOf(behind) === textOf(other), { what: "the same text" });
    const words = textOf(behind).split(";").slice(0, -1);
    expect(words).toHaveLength(80);
    expect(new Set(words).size).toBe(80);
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(["connected"]));
    proxy.cutAllAfter(undefined);
    await expectTogether(behind, other);
  });
});

it("T3 goes back to a WebSocket when one gets through, and nobody sees the person leave", async () => {
  proxy.upgrades("hang");
  const hurried = { ...timers, after: hurry(timers, 2 * 60_000, 1_000) };
  const [behind, other] = [open("Ana", { timers: hurried }), direct("Ben")];
  await synced(behind, other);
  expect(transportOf(behind)).toBe("event-stream");
  behind.awareness.setLocalStateField("cursor", { anchor: null, head: null });
  await eventually(() => peersOf(other).includes("Ana"));
  const peers = record(other.presence);
  proxy.upgrades("pass");
  // Typing goes on while the transport changes.
  let round = 0;
  await eventually(
    () => {
      write(behind, `w${round++};`);
      return transportOf(behind) === "websocket" && behind.connection.getSnapshot().state === "connected";
    },
    { what: "the way back" },
  );
  await behind.whenSaved();
  await expectTogether(behind, other);
  expect(textOf(other).match(/w\d+;/g)).toHaveLength(round);
  expect(peers.every(list => list.some(({ user }) => user.name === "Ana"))).toBe(true);
  const metrics = await (await fetch(`${server.url}/metrics`, { headers: METRICS })).text();
  expect(metrics).toContain('octavo_sockets{transport="websocket"} 2');
});

it("T10 at shutdown everybody is told at once, by every transport, and comes back", async () => {
  proxy.upgrades(400);
  const byStream = open("Ana");
  await synced(byStream);
  proxy.bufferAnswers(true);
  const byPoll = open("Cem");
  const other = direct("Ben");
  await synced(byPoll, other);
  expect([transportOf(byStream), transportOf(byPoll)]).toEqual(["event-stream", "long-poll"]);
  const startedAt = performance.now();
  expect(await server.stop()).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  for (const document of [byStream, byPoll, other])
    await eventually(() => document.connection.getSnapshot().state !== "connected", { withinMs: 1_000 });
  write(byStream, "meanwhile;");
  await server.start();
  await byStream.whenSaved();
  await eventually(() => textOf(other).includes("meanwhile") && textOf(byPoll).includes("meanwhile"));
});

/** Waits longer than `overMs` take `shortMs`. */
function hurry(base: Timers, overMs: number, shortMs: number): Timers["after"] {
  return (delayMs, callback) =>
    base.after(delayMs > overMs && delayMs < 2 ** 31 - 1 ? shortMs : delayMs, callback);
}
