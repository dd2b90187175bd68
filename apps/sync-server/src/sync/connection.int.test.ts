import { LIMITS } from "@octavo/schema";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { eventually } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { Doc, encodeStateVector } from "yjs";
import { written } from "../../test/bytes.ts";
import {
  recordedDocument,
  type SyncServer,
  startSyncServer,
  textOf,
  writeParagraph,
} from "../../test/harness.ts";
import { RawClient, readFrame } from "../../test/raw-client.ts";
import type { ClientSocket } from "../documents/client-socket.ts";
import { openMemoryDocumentStore } from "../storage/memory-document-store.ts";

const turns = async (count = 5) => {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve));
};

/** A connection on a socket of the test's own: what it sends is there in the same turn. */
function connectTo(server: SyncServer, documentId: string) {
  const heard: { kind: string; at: number }[] = [];
  const socket: ClientSocket & { bufferedBytes: number } = {
    bufferedBytes: 0,
    isOpen: true,
    send: frame => void heard.push({ kind: readFrame(frame).kind, at: performance.now() }),
    pause() {},
    resume() {},
    close() {},
    trust() {},
  };
  const listener = server.rooms.connect(socket, {
    documentId,
    handshake: { schema: SCHEMA_VERSION },
    headers: new Headers(),
    address: "127.0.0.1",
  });
  const send = (...parts: Parameters<typeof written>) => listener.onFrame(written(documentId, ...parts));
  const vector = encodeStateVector(new Doc());
  return {
    socket,
    send,
    step1: () => send(0, 0, vector.length, vector),
    count: (wanted: string) => heard.filter(({ kind }) => kind === wanted).length,
    times: (wanted: string) => heard.filter(({ kind }) => kind === wanted).map(({ at }) => at),
    enter: () => send(2, 0, "alice"),
    isIn: () => heard.some(({ kind }) => kind === "message"),
    leave: () => listener.onClose(),
  };
}

test("W6 presence, tokens and questions do not wait behind writes that are on their way to the disk", async () => {
  let gate = Promise.resolve();
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const store = openMemoryDocumentStore({ beforeCommit: () => gate });
  await using server = await startSyncServer({ store });
  const documentId = await server.create();
  const writer = await RawClient.join({ url: server.url, documentId });
  const witness = server.client(documentId, { token: "bob" });
  await witness.synced();
  gate = held;
  const { document, updates } = recordedDocument();
  writeParagraph(document, "on its way");
  writer.update(updates[0]!);
  await eventually(() => store.updates.hasUncommitted(documentId));
  writer.awareness(written(1, document.clientID, 1, "{}"));
  await server.access.setRole(documentId, "alice", "viewer");
  writer.authenticate("alice");
  writer.step1();
  await eventually(() => witness.awareness.getStates().has(document.clientID));
  await eventually(() => writer.count("step2") === 1);
  expect(writer.messages.at(-1)).toMatchObject({ type: "role", role: "viewer" });
  expect(writer.acks).toEqual([]);
  release();
  await eventually(() => writer.acks.length === 1);
  expect(writer.acks).toEqual([true]);
});

test("E6 who comes while the document is being loaded is told nothing before it is there", async () => {
  const store = openMemoryDocumentStore();
  const { promise: read, resolve: release } = Promise.withResolvers<void>();
  const load = store.load.bind(store);
  let isAsked = false;
  store.load = async documentId => {
    isAsked = true;
    await read;
    return load(documentId);
  };
  await using server = await startSyncServer({ store });
  const initial = new Doc();
  writeParagraph(initial, "content");
  const documentId = await server.create({}, initial);
  const client = new RawClient({ url: server.url, documentId });
  await client.opened();
  client.authenticate();
  client.step1();
  await eventually(() => isAsked);
  await turns(20);
  expect(client.frames).toEqual([]);
  release();
  await eventually(() => client.count("step2") === 1);
  expect(textOf(client.document)).toBe(textOf(initial));
});

test("B7 one connection has a bounded share of each turn, however much it sends at once", async () => {
  await using server = await startSyncServer();
  const documentId = await server.create();
  let appended = 0;
  const append = server.store.updates.append.bind(server.store.updates);
  server.store.updates.append = (...write) => {
    appended++;
    return append(...write);
  };
  const flood = connectTo(server, documentId);
  flood.enter();
  await eventually(flood.isIn);
  const { document, updates } = recordedDocument();
  for (let i = 0; i < 200; i++) writeParagraph(document, "x");
  for (const update of updates) flood.send(0, 2, update.length, update);
  let most = 0;
  while (appended < updates.length) {
    const before = appended;
    await turns(1);
    most = Math.max(most, appended - before);
  }
  // 32 in a turn, and this test may wake up a turn late.
  expect(most).toBeLessThanOrEqual(64);
  flood.leave();
});

test("B3 a question for the state is answered when what was sent before has left", async () => {
  await using server = await startSyncServer();
  const reader = connectTo(server, await server.create());
  reader.enter();
  await eventually(reader.isIn);
  reader.socket.bufferedBytes = LIMITS.slowReaderBytes + 1;
  reader.step1();
  await turns(20);
  expect(reader.count("step2")).toBe(0);
  reader.socket.bufferedBytes = LIMITS.slowReaderBytes;
  await eventually(() => reader.count("step2") === 1);
  reader.leave();
});

test("J3 who asks for the state again waits as long as its bytes take", async () => {
  await using server = await startSyncServer();
  const initial = new Doc();
  writeParagraph(initial, "x".repeat(2 * 1024 * 1024));
  const greedy = connectTo(server, await server.create({}, initial));
  greedy.enter();
  await eventually(greedy.isIn);
  greedy.step1();
  greedy.step1();
  await eventually(() => greedy.count("step2") === 2);
  const [first = 0, second = 0] = greedy.times("step2");
  // 2 MiB at 16 a second are 125 ms.
  expect(second - first).toBeGreaterThan(120);
  greedy.leave();
});

test("M5 at most 32 documents are being opened at once, and the others come after them", async () => {
  const store = openMemoryDocumentStore();
  await using server = await startSyncServer({ store });
  const ids = await Promise.all(Array.from({ length: 40 }, () => server.create()));
  const { promise: read, resolve: release } = Promise.withResolvers<void>();
  let asked = 0;
  const load = store.load.bind(store);
  store.load = async documentId => {
    asked++;
    await read;
    return load(documentId);
  };
  const people = ids.map(documentId => connectTo(server, documentId));
  for (const person of people) person.enter();
  await eventually(() => asked === 32);
  await turns(20);
  expect(asked).toBe(32);
  release();
  await eventually(() => people.every(person => person.isIn()));
  for (const person of people) person.leave();
});
