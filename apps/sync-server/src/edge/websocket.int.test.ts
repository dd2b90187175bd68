import { once } from "node:events";
import { connect } from "node:net";
import { LIMITS } from "@octavo/schema";
import { createRandom, eventually, seedMessage } from "@octavo/test-kit";
import { describe, expect, test } from "vitest";
import WebSocket from "ws";
import { recordedDocument, startSyncServer, textOf, writeParagraph } from "../../test/harness.ts";
import { RawClient } from "../../test/raw-client.ts";
import { openMemoryDocumentStore } from "../storage/memory-document-store.ts";
import { Line } from "./line.ts";

/** Sends bytes to the port and resolves with what came back when the other side ended. */
function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let answer = "";
    socket.on("data", chunk => {
      answer += chunk.toString("latin1");
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

const upgradeRequest = (path: string, host = "localhost") =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

describe("at the upgrade", () => {
  test.each([
    "/sync/v1/",
    "/sync/v1/..",
    "/sync/v1/a%2Fb",
    "/sync/v1/%00",
    `/sync/v1/${"a".repeat(10_000)}`,
    "/sync/v1/%",
  ])("U1 %s is answered with 404 and its code, and makes no room", async path => {
    await using server = await startSyncServer();
    const [head = "", body = ""] = (await exchange(server.port, upgradeRequest(path))).split("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    expect(JSON.parse(body)).toMatchObject({ status: 404, code: "NOT_FOUND" });
    expect(await server.loadedRooms()).toBe(0);
  });

  test("U2 a peer that resets while it is let in disturbs nobody", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    for (let i = 0; i < 50; i++) {
      const socket = connect(server.port, "127.0.0.1", () => {
        socket.write(upgradeRequest(`/sync/v1/${documentId}`));
        socket.resetAndDestroy();
      });
      socket.on("error", () => {});
    }
    const client = await RawClient.join({ url: server.url, documentId });
    expect(client.messages[0]).toMatchObject({ type: "welcome" });
  });

  test("U3, M1 who opens sockets and says nothing lets others of the network wait, and who left makes room", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const request = upgradeRequest(`/sync/v1/${documentId}`);
    const silent = await Promise.all(
      Array.from({ length: LIMITS.strangersPerNetwork }, async () => {
        const socket = connect(server.port, "127.0.0.1", () => socket.write(request));
        socket.on("error", () => {});
        await once(socket, "data");
        return socket;
      }),
    );
    const waiting = new RawClient({ url: server.url, documentId });
    await new Promise(resolve => setImmediate(resolve));
    expect(waiting.socket.readyState).toBe(WebSocket.CONNECTING);
    waiting.socket.terminate();
    silent[0]?.destroy();
    // Those who are let in hold no place: several come through the one that is free.
    for (let i = 0; i < 3; i++) {
      const client = await eventually(async () => RawClient.join({ url: server.url, documentId }));
      expect(client.messages[0]).toMatchObject({ type: "welcome" });
    }
    for (const socket of silent) socket.destroy();
  });

  test("M3 who finds no room to wait is told to come back later", async () => {
    const none = { placesPerNetwork: 0, places: 0, waitingPerNetwork: 0, waiting: 0, waitMs: 0 };
    await using server = await startSyncServer({ line: new Line(none) });
    const answer = await exchange(server.port, upgradeRequest(`/sync/v1/${await server.create()}`));
    expect(answer).toMatch(/^HTTP\/1\.1 429 /);
    expect(answer).toMatch(/\r\nRetry-After: \d+\r\n/);
    expect(answer).toContain("TOO_MANY_CONNECTIONS");
  });

  test("M3 who still waits when the server ends is told so", async () => {
    const full = { placesPerNetwork: 0, places: 0, waitingPerNetwork: 9, waiting: 9, waitMs: 60_000 };
    const line = new Line(full);
    await using server = await startSyncServer({ line });
    const documentId = await server.create();
    const answer = exchange(server.port, upgradeRequest(`/sync/v1/${documentId}`));
    await eventually(() => line.waiting === 1);
    server.door.close();
    expect(await answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*SHUTTING_DOWN/);
  });

  test("O1 a foreign page is told why it may not come in", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const foreign = new RawClient({
      url: server.url,
      documentId,
      socket: { origin: "https://evil.example" },
    });
    expect(await foreign.closed()).toEqual({ code: 4403, reason: "ORIGIN_NOT_ALLOWED" });
  });

  test("O1 a cookie counts only for our own pages", async () => {
    const cookies: (string | null)[] = [];
    await using server = await startSyncServer({
      identify: async headers => {
        cookies.push(headers.get("cookie"));
        return undefined;
      },
    });
    const documentId = await server.create();
    const headers = { cookie: "session=1" };
    const own = await RawClient.join({
      url: server.url,
      documentId,
      socket: { headers, origin: server.url },
    });
    const none = await RawClient.join({ url: server.url, documentId, socket: { headers } });
    await own.closed();
    await none.closed();
    expect(cookies).toEqual(["session=1", null]);
  });
});

describe("frames", () => {
  test("F1 signs of life of one byte are answered and swallowed", async () => {
    await using server = await startSyncServer();
    const client = await RawClient.join({ url: server.url, documentId: await server.create() });
    client.socket.send(Uint8Array.of(10));
    client.socket.send(Uint8Array.of(9));
    await eventually(() => client.frames.some(frame => frame.kind === "byte" && frame.byte === 10));
    expect(client.close).toBeUndefined();
  });

  test.each([
    ["text", "not json"],
    ["empty", new Uint8Array(0)],
    ["of one strange byte", Uint8Array.of(77)],
    ["without an address", Uint8Array.of(255, 255, 255, 255)],
    ["of zeros", new Uint8Array(40)],
  ])("F2 a frame that is %s ends its connection with a code", async (_, data) => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const other = await RawClient.join({ url: server.url, documentId, token: "bob" });
    const client = await RawClient.join({ url: server.url, documentId });
    client.socket.send(data);
    expect(await client.closed()).toEqual({ code: 4400, reason: "MALFORMED_FRAME" });
    expect(other.close).toBeUndefined();
  });

  test.each([
    ["an unknown type", [77]],
    ["a broadcast, which only servers send", [6, "x"]],
    ["an unknown sync step", [0, 9, 1, [0]]],
    ["a state vector whose count cannot be", [0, 0, 4, [255, 255, 255, 15]]],
    ["a cut update", [0, 2, 200, [0]]],
  ] as [string, (number | string | number[])[]][])("F3 %s ends the connection", async (_, parts) => {
    await using server = await startSyncServer();
    const client = await RawClient.join({ url: server.url, documentId: await server.create() });
    client.send(...parts);
    expect(await client.closed()).toEqual({ code: 4400, reason: "MALFORMED_FRAME" });
  });

  test("F4 another document's name on the socket is not found", async () => {
    await using server = await startSyncServer();
    const [mine, other] = [await server.create(), await server.create()];
    const client = await RawClient.join({ url: server.url, documentId: mine, address: other });
    expect(await client.closed()).toEqual({ code: 4404, reason: "NOT_FOUND" });
    expect(await server.loadedRooms()).toBe(0);
  });

  test("F5 a frame over the limit ends with TOO_LARGE, for strangers at a smaller one", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const stranger = new RawClient({ url: server.url, documentId });
    await stranger.opened();
    stranger.socket.send(new Uint8Array(LIMITS.strangerFrameBytes + 1));
    expect(await stranger.closed()).toEqual({ code: 4413, reason: "TOO_LARGE" });
    const pieces = new RawClient({ url: server.url, documentId });
    await pieces.opened();
    for (let i = 0; i < 6; i++) pieces.socket.send(new Uint8Array(60_000), { fin: false });
    expect(await pieces.closed()).toEqual({ code: 4413, reason: "TOO_LARGE" });
    const member = await RawClient.join({ url: server.url, documentId });
    member.socket.send(new Uint8Array(LIMITS.frameBytes + 1));
    expect(await member.closed()).toEqual({ code: 4413, reason: "TOO_LARGE" });
  });

  test("F6 random frames end connections and nothing else", async () => {
    const random = createRandom();
    await using server = await startSyncServer();
    const documentId = await server.create();
    const witness = await RawClient.join({ url: server.url, documentId, token: "witness" });
    for (let round = 0; round < 60; round++) {
      const client = await RawClient.join({ url: server.url, documentId });
      for (let i = 0; i < 5; i++) {
        if (random.bool(0.3)) client.socket.send(random.bytes(random.int(0, 60)));
        else client.send(random.int(0, 12), [...random.bytes(random.int(0, 40))]);
      }
      client.socket.close();
    }
    const { document, updates } = recordedDocument();
    writeParagraph(document, "still here");
    witness.update(updates[0]!);
    await eventually(() => witness.acks.length === 1, { what: seedMessage(random) });
    expect(witness.acks).toEqual([true]);
  });
});

describe("those who do not read or do not write", () => {
  test("B1 who does not read gets one update of all it missed when it reads again", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const stalled = await RawClient.join({ url: server.url, documentId, token: "bob" });
    const writer = await RawClient.join({ url: server.url, documentId });
    stalled.socket.pause();
    const { document, updates } = recordedDocument();
    for (let i = 0; i < 120; i++) writeParagraph(document, "x".repeat(100_000));
    for (const update of updates) writer.update(update);
    await eventually(() => writer.acks.length === 120);
    stalled.socket.resume();
    await eventually(() => textOf(stalled.document) === textOf(document));
    expect(stalled.count("update")).toBeLessThan(120);
    // And it is a reader like any other again.
    writeParagraph(document, "after");
    writer.update(updates.at(-1)!);
    await eventually(() => textOf(stalled.document) === textOf(document));
  });

  test("B2 a socket that never says who it is has to go", async () => {
    await using server = await startSyncServer({ authenticateMs: 100 });
    const silent = new RawClient({ url: server.url, documentId: await server.create() });
    await silent.opened();
    expect(await silent.closed()).toEqual({ code: 4401, reason: "NOT_SIGNED_IN" });
  });

  test("B3 a state is not sent again to one who has not read the first", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const writer = await RawClient.join({ url: server.url, documentId });
    const { document, updates } = recordedDocument();
    for (let i = 0; i < 20; i++) writeParagraph(document, "y".repeat(200_000));
    for (const update of updates) writer.update(update);
    await eventually(() => writer.acks.length === 20);
    const greedy = await RawClient.join({ url: server.url, documentId, token: "bob" });
    greedy.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 100; i++) greedy.step1();
    writer.step1();
    await eventually(() => writer.count("step2") === 1);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * 1024 * 1024);
    expect(greedy.socket.readyState).toBe(WebSocket.OPEN);
  });

  test("B4 who sends more than is taken has to wait, and is answered in the end", async () => {
    let release = () => {};
    let gate = Promise.resolve();
    const store = openMemoryDocumentStore({ beforeCommit: () => gate });
    await using server = await startSyncServer({ store });
    const documentId = await server.create();
    const writer = await RawClient.join({ url: server.url, documentId });
    gate = new Promise(resolve => {
      release = resolve;
    });
    const { document, updates } = recordedDocument();
    for (let i = 0; i < 100; i++) writeParagraph(document, "z".repeat(200_000));
    for (const update of updates) writer.update(update);
    // The kernel's buffers hold a few megabytes; the rest stays with the sender.
    const stays = () => writer.socket.bufferedAmount > 4_000_000;
    await eventually(stays);
    for (let i = 0; i < 100; i++) await new Promise(resolve => setImmediate(resolve));
    expect(stays()).toBe(true);
    expect(writer.acks).toEqual([]);
    release();
    await eventually(() => writer.acks.length === 100);
  });

  test("B5 a peer that gives no sign of life is let go, one that does stays", async () => {
    await using server = await startSyncServer({ pingMs: 50 });
    const documentId = await server.create();
    const dead = await RawClient.join({ url: server.url, documentId, socket: { autoPong: false } });
    const alive = await RawClient.join({ url: server.url, documentId, token: "bob" });
    expect((await dead.closed()).code).toBe(1006);
    expect(alive.close).toBeUndefined();
  });
});
