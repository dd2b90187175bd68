import { newId } from "@octavo/schema";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import {
  eventually,
  type Person,
  type ServerProcess,
  setUp,
  startServerProcess,
  TestClient,
  YWebSocketClient,
} from "@octavo/test-kit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import WebSocketOfWs from "ws";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { type OpenDocument, type OpenDocumentOptions, openDocument, realTimers } from "../src/index.ts";

let server: ServerProcess;
let owner: Person;
let documentId: string;
const opened: OpenDocument[] = [];

/** Comes back at once: these tests kill the server, and politeness towards it is tested elsewhere. */
const timers = { ...realTimers, random: () => 0 };

beforeAll(async () => {
  server = await startServerProcess();
  owner = await setUp(server);
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  documentId = (await owner.createDocument("Trial")).id;
});
afterEach(() => {
  for (const document of opened.splice(0)) document.close();
});

function open(options: Partial<OpenDocumentOptions> & Pick<OpenDocumentOptions, "getToken">): OpenDocument {
  const document = openDocument({
    server: server.url,
    documentId,
    WebSocket: WebSocketOfWs as unknown as typeof WebSocket,
    timers,
    ...options,
  });
  opened.push(document);
  return document;
}

async function openAs(name: string, role: "editor" | "viewer" = "editor"): Promise<OpenDocument> {
  const document = open({ getToken: () => owner.accessToken(documentId, role, { id: name, name }) });
  await synced(document);
  return document;
}

const synced = (document: OpenDocument) =>
  eventually(() => document.isSynced.getSnapshot(), { what: "the first handshake" });
const kindOf = (document: OpenDocument) => document.saveState.getSnapshot().kind;
const textOf = (document: OpenDocument) => document.body.toString().replace(/<[^>]*>/g, "");

const write = (document: OpenDocument, text: string): void => writeInto(document.doc, text);

function writeInto(document: Y.Doc, text: string): void {
  const block = new Y.XmlElement("paragraph");
  block.insert(0, [new Y.XmlText(text)]);
  document.getXmlFragment(BODY_FRAGMENT).push([block]);
}

describe("an open document", () => {
  it("says who the server says this is, and shares what is written", async () => {
    const ana = await openAs("Ana");
    const ben = await openAs("Ben");
    expect(ana.role.getSnapshot()).toMatchObject({ role: "editor", isWritable: true, user: { name: "Ana" } });
    write(ana, "hello");
    await eventually(() => textOf(ben) === "hello");
    await ana.whenSaved();
    expect(await owner.read(documentId, "text")).toContain("hello");
  });

  it("shows the others with the name that the server stamped, and never oneself", async () => {
    const ana = await openAs("Ana");
    const ben = await openAs("Ben");
    ana.awareness.setLocalStateField("user", { id: "x", name: "Ben", color: 1, guest: false });
    ana.awareness.setLocalStateField("cursor", { anchor: null, head: null });
    await eventually(() => ben.presence.getSnapshot().some(peer => peer.cursor !== null));
    expect(ben.presence.getSnapshot().map(peer => peer.user.name)).toEqual(["Ana"]);
    ana.close();
    await eventually(() => ben.presence.getSnapshot().length === 0);
  });

  it("Y1 meets people who came by y-websocket and by a provider of their own: text and presence, all ways", async () => {
    const ana = await openAs("Ana");
    const tokenOf = (name: string) => owner.accessToken(documentId, "editor", { id: name, name });
    const place = { url: server.url, documentId };
    const yves = new YWebSocketClient({
      ...place,
      params: { token: await tokenOf("Yves"), schema: String(SCHEMA_VERSION) },
    });
    const hana = new TestClient({ ...place, token: await tokenOf("Hana"), schema: SCHEMA_VERSION });
    await Promise.all([yves.synced(), hana.synced()]);
    ana.awareness.setLocalStateField("cursor", { anchor: null, head: null });
    yves.awareness.setLocalState({ cursor: null });
    hana.awareness.setLocalState({ cursor: null });
    const namesFor = ({ clientID, states }: Awareness) =>
      [...states].flatMap(([id, { user }]) => (id === clientID ? [] : [user?.name])).sort();
    await eventually(() => `${namesFor(ana.awareness)}` === "Hana,Yves");
    await eventually(() => `${namesFor(yves.awareness)}` === "Ana,Hana");
    await eventually(() => `${namesFor(hana.awareness)}` === "Ana,Yves");
    const documents = [ana.doc, yves.document, hana.document];
    for (const [index, document] of documents.entries()) writeInto(document, `from ${index};`);
    const bodies = () => documents.map(document => document.getXmlFragment(BODY_FRAGMENT).toString());
    await eventually(() => bodies().every(body => [0, 1, 2].every(index => body.includes(`from ${index};`))));
    await eventually(() => new Set(bodies()).size === 1);
    yves.destroy();
    hana.destroy();
    await eventually(() => ana.presence.getSnapshot().length === 0);
  });

  it("V2 keeps what is written while the server is away, and says Saved only when it is on its disk", async () => {
    const ana = await openAs("Ana");
    write(ana, "before");
    await ana.whenSaved();
    await server.kill();
    await eventually(() => kindOf(ana) === "reconnecting");
    write(ana, "apart");
    expect(ana.unsentText()).toBe("apart");
    expect(ana.saveState.getSnapshot()).toMatchObject({ unsentEdits: 1 });
    await server.start();
    await ana.whenSaved();
    expect(ana.unsentText()).toBe("");
    await server.kill();
    await server.start();
    expect(await owner.read(documentId, "text")).toMatch(/before\s+apart/);
  });

  it("V5 takes back nothing of a paste that is larger than one write", async () => {
    const ana = await openAs("Ana");
    const ben = await openAs("Ben");
    ana.doc.transact(() => {
      for (let i = 0; i < 3000; i++) write(ana, `${i} ${"lorem ipsum ".repeat(40)}`);
    });
    await ana.whenSaved();
    await eventually(() => textOf(ben).length === textOf(ana).length, { withinMs: 20_000 });
    expect(textOf(ben)).toBe(textOf(ana));
  });

  it("V3 is View only for a viewer, and their edit is refused, kept as text and not called saved", async () => {
    const vic = await openAs("Vic", "viewer");
    await eventually(() => kindOf(vic) === "view-only");
    write(vic, "not allowed");
    await eventually(() => kindOf(vic) === "cannot-save");
    expect(vic.saveState.getSnapshot()).toMatchObject({ code: "READ_ONLY", hasUnsaved: true });
    expect(vic.unsentText()).toBe("not allowed");
    expect(await owner.read(documentId, "text")).not.toContain("not allowed");
  });

  it("V3 stops writing for good after a write under somebody else's client id", async () => {
    const ana = await openAs("Ana");
    write(ana, "mine");
    await ana.whenSaved();
    const ben = await openAs("Ben");
    ben.doc.clientID = ana.doc.clientID;
    write(ben, "forged");
    await eventually(() => kindOf(ben) === "cannot-save");
    expect(ben.saveState.getSnapshot()).toMatchObject({ code: "FOREIGN_CLIENT_ID", hasUnsaved: true });
    expect(ben.role.getSnapshot().isWritable).toBe(false);
    expect(ben.unsentText()).toContain("forged");
    expect(textOf(ana)).toBe("mine");
  });

  it("gives up on what is not there", async () => {
    const nothing = open({ documentId: newId(), getToken: () => owner.accessToken(documentId, "editor") });
    await eventually(() => nothing.connection.getSnapshot().state === "closed");
    expect(nothing.isSynced.getSnapshot()).toBe(false);
  });

  it("asks once for a new token when one is refused", async () => {
    const reasons: string[] = [];
    const ana = open({
      getToken: reason => {
        reasons.push(reason);
        return reason === "connect" ? "stale" : owner.accessToken(documentId, "editor");
      },
    });
    await synced(ana);
    expect(reasons).toEqual(["connect", "refused"]);

    const zoe = open({ getToken: () => "never good" });
    await eventually(() => zoe.connection.getSnapshot().state === "closed");
    expect(zoe.connection.getSnapshot()).toMatchObject({ recovery: "sign-in" });
  });

  it("waits and tries again when the token cannot be fetched", async () => {
    let calls = 0;
    const ana = open({
      getToken: () => {
        calls += 1;
        if (calls === 1) throw new Error("the host's own server is away");
        return owner.accessToken(documentId, "editor");
      },
    });
    await synced(ana);
    expect(calls).toBe(2);
  });

  it("L3 goes on over tokens of ten seconds: nothing closes, nothing is lost, and others see it all the time", async () => {
    const reasons: string[] = [];
    const shortToken = async () => {
      const path = `/api/v1/documents/${documentId}/access-tokens`;
      const body = { role: "editor", user: { id: "Ana", name: "Ana" }, expiresInSeconds: 10 };
      return (await owner.request<{ token: string }>("POST", path, body)).token;
    };
    const ana = open({
      getToken: async reason => {
        reasons.push(reason);
        // The host's own server is away for a moment: it is asked again.
        if (reasons.length === 2) throw new Error("away");
        return shortToken();
      },
    });
    await synced(ana);
    const ben = await openAs("Ben");
    await eventually(() => ben.presence.getSnapshot().length === 1);
    const seen: unknown[] = [];
    const endPresence = ben.presence.subscribe(() => seen.push(ben.presence.getSnapshot().length));
    const endConnection = ana.connection.subscribe(() => seen.push(ana.connection.getSnapshot().state));
    let written = 0;
    const from = Date.now();
    await eventually(
      () => {
        if (Date.now() - from > written * 100) write(ana, `word ${written++};`);
        return Date.now() - from > 16_000;
      },
      { withinMs: 20_000 },
    );
    await ana.whenSaved();
    endPresence();
    endConnection();
    expect(reasons.slice(0, 3)).toEqual(["connect", "refresh", "refresh"]);
    expect(reasons.slice(3).every(reason => reason === "refresh")).toBe(true);
    expect(seen.filter(fact => fact !== 1)).toEqual([]);
    await eventually(() => textOf(ben) === textOf(ana));
  });
});
