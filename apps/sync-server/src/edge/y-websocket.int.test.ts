import { once } from "node:events";
import { LIMITS, newId } from "@octavo/schema";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { YJS_PATH } from "@octavo/schema/protocol";
import { createNetwork, eventually, YWebSocketClient, type YWebSocketClientOptions } from "@octavo/test-kit";
import { afterEach, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { applyUpdate, Doc, Map as YMap, Text as YText } from "yjs";
import { recordedDocument, startSyncServer, textOf, userOf, writeParagraph } from "../../test/harness.ts";
import { RawClient } from "../../test/raw-client.ts";
import type { Identity } from "../accounts/identity.ts";

const clients: YWebSocketClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

const SCHEMA = String(SCHEMA_VERSION);

function join(
  server: { url: string },
  documentId: string,
  options: Partial<YWebSocketClientOptions> = {},
): YWebSocketClient {
  const params = { token: "yves", schema: SCHEMA, ...options.params };
  const client = new YWebSocketClient({ url: server.url, documentId, ...options, params });
  clients.push(client);
  return client;
}

const namesIn = (states: Map<number, { [field: string]: unknown }>) =>
  [...states.values()].map(state => (state.user as { name?: string } | undefined)?.name).sort();

/** A token that lets plain Yjs clients write. */
const rawToken = (documentId: string): Identity => ({
  kind: "token",
  color: 1,
  claims: {
    sub: "plain",
    name: "Plain",
    doc: documentId,
    role: "editor",
    rawYjs: true,
    iss: "user:x",
    iat: 0,
    exp: 4_000_000_000,
  },
});

describe("together with others", () => {
  test("Y1 y-websocket and Hocuspocus see the same text, also what was there before", async () => {
    await using server = await startSyncServer();
    const initial = new Doc();
    writeParagraph(initial, "before");
    const documentId = await server.create({}, initial);
    const hocuspocus = server.client(documentId);
    const yves = join(server, documentId);
    await Promise.all([hocuspocus.synced(), yves.synced()]);
    expect(textOf(yves.document)).toContain("before");
    writeParagraph(hocuspocus.document, "from one");
    writeParagraph(yves.document, "from the other");
    for (const { document } of [hocuspocus, yves]) {
      await eventually(() => /from one/.test(textOf(document)) && /from the other/.test(textOf(document)));
    }
    await eventually(() => textOf(yves.document) === textOf(hocuspocus.document));
    const stored = new Doc();
    applyUpdate(stored, (await server.rooms.readState(documentId)).update);
    expect(textOf(stored)).toBe(textOf(yves.document));
  });

  test("Y1 presence crosses both ways, with the names that the server stamps, and ends with the connection", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const hocuspocus = server.client(documentId);
    const yves = join(server, documentId);
    await Promise.all([hocuspocus.synced(), yves.synced()]);
    yves.awareness.setLocalState({ user: { name: "Mallory" }, cursor: 1 });
    hocuspocus.awareness.setLocalState({ user: { name: "Mallory" }, cursor: 2 });
    await eventually(() => hocuspocus.awareness.getStates().get(yves.document.clientID)?.cursor === 1);
    await eventually(() => yves.awareness.getStates().get(hocuspocus.document.clientID)?.cursor === 2);
    const seen = new Map(hocuspocus.awareness.getStates());
    seen.delete(hocuspocus.document.clientID);
    expect(namesIn(seen)).toEqual(["yves"]);
    yves.destroy();
    await eventually(() => !hocuspocus.awareness.getStates().has(yves.document.clientID));
  });

  test("Y1 what is written while apart comes with the next connection, also over a restart of the server", async () => {
    await using first = await startSyncServer();
    const documentId = await first.create();
    const network = await createNetwork(first.port);
    const yves = join({ url: `http://127.0.0.1:${network.port}` }, documentId);
    await yves.synced();
    await using second = await startSyncServer({ store: first.store });
    network.target(second.port);
    await first.rooms.drain(2_000);
    await eventually(() => !yves.provider.wsconnected);
    expect(yves.closes.at(-1)?.code).toBe(1012);
    writeParagraph(yves.document, "apart");
    await eventually(async () => {
      const stored = new Doc();
      applyUpdate(stored, (await second.rooms.readState(documentId)).update);
      return textOf(stored).includes("apart");
    });
    expect(yves.ended).toBeUndefined();
    await network.close();
  });

  test("Y1 a document of kind raw holds plain Yjs types, of clients that name no schema", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create({ kind: "raw" });
    const [one, other] = ["one", "other"].map(token => {
      const client = new YWebSocketClient({ url: server.url, documentId, params: { token } });
      clients.push(client);
      return client;
    }) as [YWebSocketClient, YWebSocketClient];
    await Promise.all([one.synced(), other.synced()]);
    one.document.getMap("settings").set("theme", new YMap([["dark", true]]));
    one.document.getText("code").insert(0, "let x = 1");
    await eventually(() => other.document.getText("code").toString() === "let x = 1");
    other.document.getText("code").insert(0, "// hello\n");
    other.document.getArray("tags").push(["a", new YText("b")]);
    await eventually(() => one.document.getArray("tags").length === 2);
    expect(one.document.toJSON()).toMatchObject({ settings: { theme: { dark: true } } });
    const stored = new Doc();
    applyUpdate(stored, (await server.rooms.readState(documentId)).update);
    expect(stored.getText("code").toString()).toBe("// hello\nlet x = 1");
    expect(one.closes).toEqual([]);
  });

  test("Y7 who asks who is there is told", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const other = server.client(documentId);
    await other.synced();
    other.awareness.setLocalState({ cursor: 3 });
    const socket = new WebSocket(`${server.url.replace("http", "ws")}${YJS_PATH}${documentId}?token=yves`);
    const frames: Buffer[] = [];
    socket.on("message", data => frames.push(data as Buffer));
    const awareness = () => frames.filter(frame => frame[0] === 1 && frame.includes("cursor"));
    await eventually(() => awareness().length > 0);
    const before = awareness().length;
    socket.send(Uint8Array.of(3));
    await eventually(() => awareness().length > before);
    socket.close();
  });
});

describe("the same rules", () => {
  test("Y3 without a schema it reads, and its first write ends the connection for good", async () => {
    await using server = await startSyncServer();
    const initial = new Doc();
    writeParagraph(initial, "to read");
    const documentId = await server.create({}, initial);
    const reader = new YWebSocketClient({ url: server.url, documentId, params: { token: "yves" } });
    clients.push(reader);
    await reader.synced();
    expect(textOf(reader.document)).toContain("to read");
    writeParagraph(reader.document, "not to write");
    await eventually(() => reader.ended);
    expect(reader.ended).toEqual({ code: 4403, reason: "READ_ONLY" });
    expect((await server.rooms.readState(documentId)).seq).toBe(1);
  });

  test("Y3 a token that says rawYjs may write without a schema", async () => {
    let documentId = "";
    await using server = await startSyncServer({ identify: async () => rawToken(documentId) });
    documentId = await server.create();
    const plain = new YWebSocketClient({ url: server.url, documentId, params: { token: "signed" } });
    clients.push(plain);
    await plain.synced();
    writeParagraph(plain.document, "on purpose");
    await eventually(async () => (await server.rooms.readState(documentId)).seq === 2);
    expect(plain.closes).toEqual([]);
  });

  test("Y3 an older schema or another epoch is told so, for good", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create({ schemaVersion: 7 });
    const old = join(server, documentId);
    await eventually(() => old.ended);
    expect(old.ended).toEqual({ code: 4426, reason: "CLIENT_TOO_OLD" });
    const replaced = join(server, await server.create(), { params: { epoch: "3" } });
    await eventually(() => replaced.ended);
    expect(replaced.ended).toEqual({ code: 4409, reason: "EPOCH_MISMATCH" });
  });

  test("Y4 a write under somebody else's client id ends the connection with the reason", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const ana = await RawClient.join({ url: server.url, documentId, token: "ana" });
    const { document, updates } = recordedDocument(4711);
    writeParagraph(document, "mine");
    ana.update(updates[0]!);
    await eventually(() => ana.acks.length === 1);
    const mallory = join(server, documentId);
    await mallory.synced();
    mallory.document.clientID = 4711;
    writeParagraph(mallory.document, "forged");
    await eventually(() => mallory.ended);
    expect(mallory.ended).toEqual({ code: 4403, reason: "FOREIGN_CLIENT_ID" });
    await eventually(async () => (await server.connections()) === 1);
  });

  test("Y4 what the rooms refuse is refused here: bytes that are no update, frames of another protocol", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const address = `${server.url.replace("http", "ws")}${YJS_PATH}${documentId}?token=yves&schema=${SCHEMA}`;
    const endOf = async (frame: string | Uint8Array) => {
      const socket = new WebSocket(address);
      const closed = once(socket, "close");
      await once(socket, "open");
      socket.send(frame);
      const [code, reason] = await closed;
      return [code, String(reason)];
    };
    // A GC struct of length 0, which Yjs takes and cannot load again.
    const poison = [1, 1, 0x22, 0, 0, 0, 0];
    expect(await endOf(Uint8Array.of(0, 2, poison.length, ...poison))).toEqual([4400, "MALFORMED_UPDATE"]);
    for (const frame of [
      "text",
      new Uint8Array(0),
      Uint8Array.of(9),
      Uint8Array.of(2, 0, 1, 97),
      Uint8Array.of(77, 1),
    ])
      expect(await endOf(frame)).toEqual([4400, "MALFORMED_FRAME"]);
    expect(await endOf(new Uint8Array(LIMITS.frameBytes + 1))).toEqual([4413, "TOO_LARGE"]);
  });

  test("Y2 a token that is not good, and none at all, are refused for good; a refusal says its word before the close", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    server.access.roles.set(`${documentId}/user:yves`, "none");
    const stranger = join(server, documentId);
    await eventually(() => stranger.ended);
    const nobody = join(server, documentId, { params: { token: "" } });
    await eventually(() => nobody.ended);
    const nowhere = join(server, newId());
    await eventually(() => nowhere.ended);
    for (const { ended } of [stranger, nobody, nowhere])
      expect(ended).toEqual({ code: 4404, reason: "NOT_FOUND" });
    const key = join(server, documentId, { params: { token: "octavo_key_abcdef" } });
    await eventually(() => key.ended);
    expect(key.ended).toEqual({ code: 4401, reason: "TOKEN_INVALID" });
  });

  test("Y2 a cookie counts for our own pages, a token for none and for those that may embed", async () => {
    const cookies: (string | null)[] = [];
    await using server = await startSyncServer({
      identify: async (headers, token) => {
        cookies.push(headers.get("cookie"));
        return token || headers.has("cookie") ? userOf("yves") : undefined;
      },
    });
    const documentId = await server.create();
    const cookie = "session=1";
    const own = join(server, documentId, { params: { token: "" }, headers: { cookie, origin: server.url } });
    await own.synced();
    const none = join(server, documentId, { params: { token: "" }, headers: { cookie } });
    await eventually(() => none.ended);
    const foreign = join(server, documentId, { headers: { cookie, origin: "https://evil.example" } });
    await eventually(() => foreign.ended);
    const downgraded = join(server, documentId, {
      headers: { cookie, origin: server.url.replace("http:", "https:") },
    });
    await eventually(() => downgraded.ended);
    expect(none.ended).toEqual({ code: 4404, reason: "NOT_FOUND" });
    expect(foreign.ended).toEqual({ code: 4403, reason: "ORIGIN_NOT_ALLOWED" });
    expect(downgraded.ended).toEqual({ code: 4403, reason: "ORIGIN_NOT_ALLOWED" });
    expect(cookies).toEqual([cookie, null]);
  });

  test("Y5 an address that no document can have is closed for good: of an HTTP status this client learns nothing", async () => {
    await using server = await startSyncServer();
    for (const path of ["nothing", "a%2Fb", "..%2f..", `${newId()}/threads`]) {
      const lost = new YWebSocketClient({ url: server.url, documentId: path });
      clients.push(lost);
      await eventually(() => lost.ended);
      expect(lost.ended).toEqual({ code: 4404, reason: "NOT_FOUND" });
    }
    expect(await server.loadedRooms()).toBe(0);
  });

  test("Y5 much text written before it is let in arrives", async () => {
    let letIn = () => {};
    const gate = new Promise<void>(resolve => {
      letIn = resolve;
    });
    await using server = await startSyncServer({
      identify: async () => {
        await gate;
        return userOf("yves");
      },
    });
    const documentId = await server.create();
    const hasty = join(server, documentId);
    await eventually(() => hasty.provider.wsconnected);
    for (let i = 0; i < 10; i++) writeParagraph(hasty.document, "x".repeat(100_000));
    letIn();
    await eventually(async () => (await server.rooms.readState(documentId)).update.length > 1_000_000);
    expect(hasty.closes).toEqual([]);
  });
});

describe("silence", () => {
  test("Y6 something is said in time where nothing else is, so that the provider stays", async () => {
    // 30 s of y-websocket's patience are 300 ms here, our 20 s are 200.
    await using server = await startSyncServer({ silenceMs: 200, pingMs: 250 });
    const documentId = await server.create();
    const quiet = join(server, documentId, { patienceMs: 300 });
    await quiet.synced();
    quiet.awareness.setLocalState(null);
    const from = Date.now();
    let messages = 0;
    quiet.provider.ws!.addEventListener("message", () => messages++);
    // Ten minutes.
    await eventually(() => Date.now() - from > 6_000, { withinMs: 10_000 });
    expect(quiet.closes).toEqual([]);
    expect(messages).toBeGreaterThan(20);
    expect(messages).toBeLessThan(70);
  });

  test("Y6 the real times fit y-websocket's 30 s", () => {
    expect(LIMITS.serverSilenceMs).toBeLessThanOrEqual(20_000);
    expect(LIMITS.pingMs * 2).toBeLessThan(60_000);
  });
});
