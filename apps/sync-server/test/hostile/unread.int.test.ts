import { once } from "node:events";
import { connect } from "node:net";
import { LIMITS } from "@octavo/schema";
import {
  CONNECTION_HEADER,
  connectionOpened,
  FRAME_HEADER,
  syncPath,
  writeFrames,
} from "@octavo/schema/protocol";
import { eventually } from "@octavo/test-kit";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Doc } from "yjs";
import { createLine } from "../../src/edge/line.ts";
import {
  recordedDocument,
  StubAccess,
  type SyncServer,
  startSyncServer,
  textOf,
  writeParagraph,
} from "../harness.ts";
import { RawClient } from "../raw-client.ts";
import { RawRequests } from "../raw-requests.ts";
import { collectGarbage } from "./collect-garbage.ts";

const MIB = 1024 * 1024;
let server: SyncServer;
let access: StubAccess;

beforeEach(async () => {
  access = new StubAccess();
  server = await startSyncServer({ access, line: createLine() });
});

afterEach(() => server[Symbol.asyncDispose]());

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function createLarge(bytes: number): Promise<string> {
  const document = new Doc();
  for (let size = 0; size < bytes; size += 100_000) writeParagraph(document, "x".repeat(100_000));
  return server.create({}, document);
}

/** A letter is acknowledged; returns how long that took. */
async function letterMs(writer: RawClient): Promise<number> {
  const { document, updates } = recordedDocument();
  writeParagraph(document, "letter");
  const acks = writer.acks.length;
  const startedAt = performance.now();
  writer.update(updates[0]!);
  await eventually(() => writer.acks.length > acks, { what: "the acknowledgement" });
  return performance.now() - startedAt;
}

test("Z6 one person's many connections that read nothing of a large document keep two of it", async () => {
  const documentId = await createLarge(8 * MIB);
  const witness = await RawClient.join({ url: server.url, documentId, token: "alice" });
  await letterMs(witness);
  const before = heldBytes();
  // A session of their own: none of what they are sent is shared.
  const clients = await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      RawClient.join({ url: server.url, documentId, token: "mallory", address: `${documentId}\0${i}` }),
    ),
  );
  for (const client of clients) {
    client.socket.pause();
    client.step1(new Doc());
  }
  for (let i = 0; i < 20; i++) expect(await letterMs(witness)).toBeLessThan(2_000);
  expect(heldBytes() - before).toBeLessThan(LIMITS.unreadStatesPerActorBytes + 100 * MIB);
  const other = await RawClient.join({ url: server.url, documentId, token: "bob" });
  other.step1();
  await eventually(() => textOf(other.document).includes("letter"), { what: "the document" });
  // They are not lost either: who reads gets it.
  for (const client of clients) client.socket.resume();
  await eventually(() => clients.every(client => client.close ?? client.count("step2") > 0), {
    withinMs: 60_000,
    what: "every answer",
  });
  for (const client of clients) client.socket.terminate();
}, 120_000);

test("Z6 who was sent a state has to read it, also while nobody writes and whatever signs of life it gives", async () => {
  const documentId = await createLarge(16 * MIB);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
  try {
    const silent = await RawClient.join({ url: server.url, documentId, token: "mallory" });
    silent.socket.pause();
    silent.step1(new Doc());
    await eventually(async () => {
      silent.socket.pong();
      await vi.advanceTimersByTimeAsync(LIMITS.slowReaderMs / 2);
      return (await server.connections()) === 0;
    });
  } finally {
    vi.useRealTimers();
  }
});

test("Z6 pings are not answered to a member who reads none of the answers", async () => {
  const documentId = await server.create();
  const token = Buffer.from("mallory");
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(
    `GET ${syncPath(documentId, { schema: 1 })} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n` +
      "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  await once(socket, "data");
  const auth = Buffer.from([documentId.length, ...Buffer.from(documentId), 2, 0, token.length, ...token]);
  socket.write(Buffer.concat([Buffer.from([0x82, 0x80 | auth.length, 0, 0, 0, 0]), auth]));
  await once(socket, "data");
  socket.pause();
  const ping = Buffer.concat([Buffer.from([0x89, 0x80 | 125, 0, 0, 0, 0]), Buffer.alloc(125)]);
  const many = Buffer.concat(Array.from({ length: 2_000 }, () => ping));
  const before = heldBytes();
  for (let i = 0; i < 200; i++) {
    if (!socket.write(many)) await once(socket, "drain");
  }
  expect(heldBytes() - before).toBeLessThan(20 * MIB);
  socket.destroy();
}, 60_000);

test("Z6 a flood of tokens costs two decisions", async () => {
  const documentId = await server.create();
  const member = await RawClient.join({ url: server.url, documentId, token: "mallory" });
  const decide = vi.spyOn(access, "decide");
  for (let i = 0; i < 5_000; i++) member.authenticate();
  await letterMs(member);
  // One after the other, as long as frames come: a turn takes 32 of them.
  expect(decide.mock.calls.length).toBeLessThan(2 * Math.ceil(5_000 / 32));
  expect(member.close).toBeUndefined();
  member.socket.terminate();
});

test("Z7 a stranger over HTTP who was sent away gives back the place, however often it asks why", async () => {
  const documentId = await server.create();
  access.roles.set(`${documentId}/user:eve`, "none");
  const asked: string[] = [];
  for (let round = 0; round < 3; round++) {
    const asking = Array.from({ length: LIMITS.strangersPerNetwork / 2 }, async () => {
      const client = new RawRequests({ url: server.url, documentId, token: "eve" });
      const response = await client.request("POST", {}, writeFrames([client.auth()]));
      if (!response.ok) return;
      client.connection = connectionOpened.parse(await response.json()).connection;
      await client.poll(0);
      asked.push((await client.poll(0)).kind);
    });
    await Promise.all(asking);
  }
  expect(asked.length).toBeGreaterThan(LIMITS.strangersPerNetwork);
  const startedAt = performance.now();
  const member = await RawClient.join({ url: server.url, documentId });
  expect(member.messages[0]).toMatchObject({ type: "welcome" });
  expect(performance.now() - startedAt).toBeLessThan(LIMITS.waitingMs);
  member.socket.terminate();
});

test("Z7 what connections over HTTP were not told when they ended is kept within a bound", async () => {
  const documentId = await createLarge(4 * MIB);
  const before = heldBytes();
  for (let i = 0; i < 30; i++) {
    const client = await RawRequests.open({ url: server.url, documentId, token: "mallory" });
    await client.send(2, client.frame(0, 0, 3, Uint8Array.of(1, i + 1, 1)));
    expect(await client.send(3, Uint8Array.of(99))).toBe("MALFORMED_FRAME");
  }
  await eventually(async () => (await server.connections()) === 0);
  await eventually(() => heldBytes() - before < 40 * MIB, { what: "the memory" });
});

test("Z9 many who begin large messages and end none keep a bounded part of them; others write on", async () => {
  const documentId = await server.create();
  const witness = await RawClient.join({ url: server.url, documentId, token: "alice" });
  await letterMs(witness);
  const before = heldBytes();
  const half = new Uint8Array(6 * MIB);
  const clients = await Promise.all(
    Array.from({ length: 40 }, () => RawClient.join({ url: server.url, documentId, token: "mallory" })),
  );
  for (const { socket } of clients) {
    await new Promise(resolve => socket.send(half, { fin: false }, resolve));
    expect(await letterMs(witness)).toBeLessThan(2_000);
  }
  await eventually(() => clients.filter(({ close }) => close).length >= 15, { what: "those given up" });
  await eventually(() => heldBytes() - before < LIMITS.unfinishedBytes + 64 * MIB, { what: "the memory" });
  const { document, updates } = recordedDocument();
  writeParagraph(document, "x".repeat(3 * MIB));
  const acks = witness.acks.length;
  witness.update(updates[0]!);
  await eventually(() => witness.acks.length > acks, { what: "a large write of somebody else" });
  for (const { socket } of clients) socket.terminate();
}, 60_000);

test("Z9 bodies that do not come in full neither", async () => {
  const documentId = await server.create();
  const before = heldBytes();
  const half = Buffer.alloc(6 * MIB);
  const sockets = [];
  const answers: string[] = [];
  for (let i = 0; i < 40; i++) {
    const client = await RawRequests.open({ url: server.url, documentId, token: "mallory" });
    await eventually(async () => (await server.connections()) > i);
    const { frames } = (await client.poll(0)) as { frames: unknown[] };
    expect(frames).not.toHaveLength(0);
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {}).on("data", data => answers.push(data.toString("latin1")));
    const path = new URL(client.url);
    socket.write(
      `POST ${path.pathname}${path.search} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${12 * MIB}\r\n` +
        `${CONNECTION_HEADER}: ${client.connection}\r\n${FRAME_HEADER}: 2\r\n\r\n`,
    );
    await new Promise(resolve => socket.write(half, resolve));
    sockets.push(socket);
  }
  await eventually(() => answers.filter(answer => answer.includes("TOO_MANY_REQUESTS")).length >= 15);
  await eventually(() => heldBytes() - before < LIMITS.unfinishedBytes + 64 * MIB, { what: "the memory" });
  for (const socket of sockets) socket.destroy();
}, 60_000);
