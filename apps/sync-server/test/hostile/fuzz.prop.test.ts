import { join } from "node:path";
import { createRandom, eventually, type Random, seedMessage, temporaryDirectory } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from "yjs";
import { systemClock } from "../../src/clock.ts";
import { openLevelDocumentStore } from "../../src/storage/leveldb/open.ts";
import { loadDocument } from "../../src/sync/load.ts";
import { hasPending } from "../../src/sync/upstream.ts";
import { written } from "../bytes.ts";
import {
  recordedDocument,
  StubAccess,
  type SyncServer,
  startSyncServer,
  writeParagraph,
} from "../harness.ts";
import { randomEdit } from "../random-edits.ts";
import { Attacker } from "./attacker.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { HostileSocket } from "./hostile-socket.ts";

const LONG = process.env.OCTAVO_LONG === "1";
const DOCUMENTS = LONG ? 20 : 4;
const FRAMES = LONG ? 1_000_000 : 20_000;
/** Frames between two looks at whether others are still served. */
const ROUND = 10_000;
/** Frames given before the event loop gets its turn: about what one read of a socket brings. */
const BURST = 32;
/** Whatever a document grew to, it is left behind for a new one: honest growth is no leak. */
const HEAP_GROWTH_BYTES = 16 * 1024 * 1024;

const turn = () => new Promise(resolve => setImmediate(resolve));

async function createDocuments(server: SyncServer, random: Random, count: number): Promise<string[]> {
  const documentIds: string[] = [];
  for (let i = 0; i < count; i++) {
    const initial = new Doc();
    while (!randomEdit(initial, random));
    documentIds.push(await server.create({}, initial));
  }
  return documentIds;
}

/** Gives the frames, by one connection a document, each replaced by another once it was sent away. */
async function attack(
  server: SyncServer,
  random: Random,
  documentIds: readonly string[],
  { frames, tokens }: { frames: number; tokens: readonly string[] },
): Promise<void> {
  const attackers = new Map<string, Attacker>();
  for (let given = 0; given < frames; ) {
    const documentId = random.pick(documentIds);
    let attacker = attackers.get(documentId);
    if (!attacker?.socket.isOpen) {
      attacker = await Attacker.enter(server, documentId, random.pick(tokens), random);
      attackers.set(documentId, attacker);
    }
    const { socket } = attacker;
    for (let i = 0; i < BURST && socket.isOpen && given < frames; i++, given++) socket.give(attacker.frame());
    await turn();
    if (socket.isPaused) await eventually(() => !socket.isPaused || !socket.isOpen);
  }
  for (const { socket } of attackers.values()) socket.leave();
}

/** Somebody else writes a paragraph and is told that it is on disk. */
async function proveService(server: SyncServer, documentId: string, random: Random): Promise<void> {
  const honest = new HostileSocket(server.rooms, documentId, "honest");
  await honest.entered();
  const { document, updates } = recordedDocument();
  writeParagraph(document, "still here");
  honest.give(written(documentId, 0, 2, updates[0]!.length, updates[0]!));
  await eventually(() => honest.acks === 1 || !honest.isOpen);
  expect(honest.closeCode, seedMessage(random)).toBeUndefined();
  honest.leave();
}

async function heapWithoutRooms(server: SyncServer): Promise<number> {
  await eventually(async () => (await server.loadedRooms()) === 0, { what: "the rooms to be unloaded" });
  collectGarbage();
  await turn();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test(`Z1 ${FRAMES.toLocaleString("en")} hostile frames: no crash, no unreadable document, no growing memory`, {
  timeout: 3_000_000,
}, async () => {
  const random = createRandom();
  await using directory = await temporaryDirectory();
  const store = await openLevelDocumentStore({
    directory: join(directory.path, "documents"),
    clock: systemClock,
  });
  try {
    await using server = await startSyncServer({ store, lingerMs: 20 });
    const documentIds = await createDocuments(server, random, DOCUMENTS);
    const tokens = ["mallory", "trudy"];
    await attack(server, random, documentIds, { frames: 1_000, tokens });
    const before = await heapWithoutRooms(server);
    for (let given = 0; given < FRAMES; given += ROUND) {
      const frames = Math.min(ROUND, FRAMES - given);
      await attack(server, random.fork(`frames ${given}`), documentIds, { frames, tokens });
      await proveService(server, random.pick(documentIds), random);
    }
    const growth = (await heapWithoutRooms(server)) - before;
    expect(growth, seedMessage(random)).toBeLessThan(HEAP_GROWTH_BYTES);
    let taken = 0;
    for (const documentId of documentIds) {
      const cold = new Doc();
      taken += (await loadDocument(store, documentId, cold)).seq;
      expect(hasPending(cold), seedMessage(random)).toBe(false);
      const copy = new Doc();
      applyUpdate(copy, encodeStateAsUpdate(cold));
      expect(encodeStateVector(copy)).toEqual(encodeStateVector(cold));
    }
    // So much got through the guard that what stands behind it was tried as well.
    expect(taken, seedMessage(random)).toBeGreaterThan(FRAMES / 40);
  } finally {
    await store.close();
  }
});

test.each(["viewer", "commenter"] as const)(
  "Z2 no frame of a %s changes a document",
  {
    timeout: 3_000_000,
  },
  async role => {
    const random = createRandom();
    const access = new StubAccess();
    await using server = await startSyncServer({ access });
    const documentIds = await createDocuments(server, random, 3);
    for (const documentId of documentIds) access.roles.set(`${documentId}/user:mallory`, role);
    const states = () => Promise.all(documentIds.map(documentId => server.rooms.readState(documentId)));
    const before = await states();
    await attack(server, random, documentIds, { frames: LONG ? 100_000 : 10_000, tokens: ["mallory"] });
    expect(await states(), seedMessage(random)).toEqual(before);
  },
);
