import { once } from "node:events";
import { connect } from "node:net";
import { LIMITS } from "@octavo/schema";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import { createRandom, eventually, seedMessage } from "@octavo/test-kit";
import { describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { type XmlElement, XmlText } from "yjs";
import { recordedDocument, startSyncServer, textOf, writeParagraph } from "../../test/harness.ts";
import { collectGarbage } from "../../test/hostile/collect-garbage.ts";
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

/** Updates of one letter each. */
function tinyUpdates(count: number): Uint8Array[] {
  const { document, updates } = recordedDocument();
  writeParagraph(document, "");
  const text = document.getXmlFragment(BODY_FRAGMENT).get(0) as XmlElement;
  text.insert(0, [new XmlText()]);
  for (let i = 2; i < count; i++) (text.get(0) as XmlText).insert(0, "x");
  return updates.slice(0, count);
}

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

  test("U4 nothing is compressed, whatever the client offers", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const client = await RawClient.join({
      url: server.url,
      documentId,
      socket: { perMessageDeflate: { threshold: 0 } },
    });
    expect(client.socket.extensions).toBe("");
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

  test("B1 many who do not read cost little, stay, and have everything when they read again", async () => {
    const count = 20;
    await using server = await startSyncServer();
    /** What the process holds after 10 MB were written in front of so many people who do not read. */
    const bytesWith = async (people: number) => {
      const documentId = await server.create();
      const writer = await RawClient.join({ url: server.url, documentId });
      const stalled = await Promise.all(
        Array.from({ length: people }, () => RawClient.join({ url: server.url, documentId, token: "bob" })),
      );
      for (const { socket } of stalled) socket.pause();
      const { document, updates } = recordedDocument();
      for (let i = 0; i < 200; i++) writeParagraph(document, "x".repeat(100_000));
      const write = async (part: Uint8Array[]) => {
        const acks = writer.acks.length + part.length;
        for (const update of part) writer.update(update);
        await eventually(() => writer.acks.length === acks);
        // What was collected is counted as free only when its buffers were swept, which goes on beside us.
        let bytes = Number.POSITIVE_INFINITY;
        for (let i = 0; i < 5; i++) {
          collectGarbage();
          await new Promise(resolve => setTimeout(resolve, 100));
          const { heapUsed, arrayBuffers } = process.memoryUsage();
          bytes = Math.min(bytes, heapUsed + arrayBuffers);
        }
        return bytes;
      };
      // The first half is more than the kernel keeps for a socket.
      const before = await write(updates.slice(0, 100));
      const bytes = (await write(updates.slice(100))) - before;
      return { bytes, stalled, text: textOf(document) };
    };
    const alone = await bytesWith(0);
    const { bytes, stalled, text } = await bytesWith(count);
    expect((bytes - alone.bytes) / count).toBeLessThan(300_000);
    for (const { socket } of stalled) socket.resume();
    await eventually(() => stalled.every(client => textOf(client.document) === text));
    for (const client of stalled) expect(client.close).toBeUndefined();
  });

  test("B1 who reads nothing for long is let go; acknowledgements are not held back before", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
    try {
      await using server = await startSyncServer();
      const documentId = await server.create();
      const writer = await RawClient.join({ url: server.url, documentId });
      const stalled = await RawClient.join({ url: server.url, documentId, token: "bob" });
      stalled.socket.pause();
      const { document, updates } = recordedDocument();
      for (let i = 0; i < 150; i++) writeParagraph(document, "x".repeat(100_000));
      for (const update of updates) writer.update(update);
      await eventually(() => writer.acks.length === 150);
      expect(await server.connections()).toBe(2);
      // In steps: other timers have their effects in between.
      for (let i = 0; i < 4; i++) await vi.advanceTimersByTimeAsync(LIMITS.slowReaderMs / 3);
      await eventually(async () => (await server.connections()) === 1);
    } finally {
      vi.useRealTimers();
    }
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

  test("B4 a flood in one document does not hold up who writes in another", async () => {
    await using server = await startSyncServer();
    const [flooded, quiet] = [await server.create(), await server.create()];
    const flooders = await Promise.all(
      Array.from({ length: 20 }, () => RawClient.join({ url: server.url, documentId: flooded })),
    );
    const bystander = await RawClient.join({ url: server.url, documentId: quiet, token: "bob" });
    const floods = flooders.map(() => tinyUpdates(500));
    for (const [index, client] of flooders.entries()) {
      for (const update of floods[index]!) client.update(update);
    }
    const latencies: number[] = [];
    for (const update of tinyUpdates(1000)) {
      const sentAt = performance.now();
      const acks = bystander.acks.length;
      bystander.update(update);
      await eventually(() => bystander.acks.length > acks);
      latencies.push(performance.now() - sentAt);
      if (flooders.every(client => client.acks.length === 500)) break;
    }
    expect(latencies.length).toBeGreaterThan(2);
    expect(Math.max(...latencies)).toBeLessThan(1_000);
    await eventually(() => flooders.every(client => client.acks.length === 500));
    for (const client of flooders) expect(client.close).toBeUndefined();
  });

  test("K8 messages of all sizes arrive whole and in order, between pings and before a close", async () => {
    await using server = await startSyncServer({ pingMs: 150 });
    const documentId = await server.create();
    const writer = await RawClient.join({ url: server.url, documentId });
    const reader = await RawClient.join({ url: server.url, documentId, token: "bob" });
    let pings = 0;
    reader.socket.on("ping", () => pings++);
    const { document, updates } = recordedDocument();
    for (let i = 0; i < 200; i++) {
      writeParagraph(document, "y".repeat([1, 100, 126, 1_000, 17_000, 70_000][i % 6]!));
    }
    for (const update of updates) writer.update(update);
    await eventually(() => textOf(reader.document) === textOf(document) && pings > 1);
    // Told and closed in one turn.
    server.rooms.announce(documentId, { type: "storage", writable: true });
    void server.rooms.close(documentId, "GONE");
    expect((await reader.closed()).reason).toBe("GONE");
    expect(reader.messages.at(-1)).toEqual({ type: "storage", writable: true });
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
