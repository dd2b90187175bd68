import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import type { Handshake } from "@octavo/schema/protocol";
import { eventually, temporaryDirectory } from "@octavo/test-kit";
import { describe, expect, test } from "vitest";
import { applyUpdate, applyUpdateV2, Doc, encodeStateAsUpdate, encodeStateVector } from "yjs";
import { type SyncServer, startSyncServer, textOf, writeParagraph } from "../../test/harness.ts";
import { systemClock } from "../clock.ts";
import type { OpeningState } from "../documents/rooms.ts";
import { openLevelDocumentStore } from "../storage/leveldb/open.ts";
import { openMemoryDocumentStore } from "../storage/memory-document-store.ts";

function documentOf({ checkpoint, updates }: OpeningState): Doc {
  const document = new Doc();
  if (checkpoint?.isCompressed) applyUpdateV2(document, zstdDecompressSync(checkpoint.bytes));
  else if (checkpoint) applyUpdateV2(document, checkpoint.bytes);
  for (const update of updates) applyUpdate(document, update);
  return document;
}

const openingOf = (
  server: SyncServer,
  documentId: string,
  handshake: Handshake = {},
): Promise<OpeningState> => server.rooms.readOpening(documentId, handshake, async opening => opening);

/** A document of so many paragraphs. */
function written(count: number): Doc {
  const document = new Doc();
  document.transact(() => {
    for (let i = 0; i < count; i++) writeParagraph(document, `paragraph ${i} of many`);
  });
  return document;
}

describe("a document for somebody who opens it", () => {
  test("J4 is the checkpoint as it is stored and the log after it, and no room is loaded for it", async () => {
    await using directory = await temporaryDirectory();
    const store = await openLevelDocumentStore({
      directory: join(directory.path, "documents"),
      clock: systemClock,
    });
    await using server = await startSyncServer({ store });
    const documentId = await server.create();
    const ana = server.client(documentId);
    await ana.synced();
    writeParagraph(ana.document, "before");
    await ana.saved();
    ana.disconnect();
    await eventually(async () => (await server.loadedRooms()) === 0, { what: "the unloaded room" });
    const stored = await store.checkpoints.newestCompressed(documentId);
    const opening = await openingOf(server, documentId);
    expect(opening).toMatchObject({ checkpoint: { isCompressed: true }, updates: [], meta: { epoch: 0 } });
    expect(Buffer.from(opening.checkpoint!.bytes).equals(stored!.compressed)).toBe(true);
    // As after a crash: the log has more than the checkpoint.
    const { seq } = stored!;
    await store.updates.head(documentId);
    const more = new Doc();
    applyUpdate(more, (await server.rooms.readState(documentId)).update);
    const before = encodeStateVector(more);
    writeParagraph(more, "after");
    const update = encodeStateAsUpdate(more, before);
    await store.updates.append(documentId, { update, actor: "user:alice", claims: [more.clientID] })
      .committed;
    store.updates.release(documentId);
    const later = await eventually(async () => {
      const now = await openingOf(server, documentId);
      return now.seq > seq ? now : undefined;
    });
    expect(later).toMatchObject({ seq: seq + 1, updates: [expect.anything()] });
    expect(textOf(documentOf(later))).toBe(textOf(more));
    expect(await server.loadedRooms()).toBe(0);
    await store.close();
  });

  test("J4 is encoded from its room while that is loaded, once a second", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create({}, written(20));
    const ana = server.client(documentId);
    await ana.synced();
    const first = await openingOf(server, documentId);
    expect(textOf(documentOf(first))).toBe(textOf(ana.document));
    writeParagraph(ana.document, "new");
    await ana.saved();
    const soon = await openingOf(server, documentId);
    expect(soon.checkpoint!.bytes).toBe(first.checkpoint!.bytes);
    await eventually(
      async () => textOf(documentOf(await openingOf(server, documentId))) === textOf(ana.document),
    );
  });

  test("P1, W1 has nothing in it that is not on disk", async () => {
    let disk = Promise.resolve();
    const store = openMemoryDocumentStore({ beforeCommit: () => disk });
    await using server = await startSyncServer({ store });
    const documentId = await server.create();
    const ana = server.client(documentId);
    await ana.synced();
    await ana.saved();
    const { promise, resolve } = Promise.withResolvers<void>();
    disk = promise;
    writeParagraph(ana.document, "not yet");
    await eventually(() => store.updates.hasUncommitted(documentId));
    expect(textOf(documentOf(await openingOf(server, documentId)))).not.toContain("not yet");
    resolve();
    await ana.saved();
    await store.close();
  });

  test("E3 is refused to an editor that is too old, and to a copy of another epoch", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create({ epoch: 2 });
    const read = (handshake: { schema?: number; epoch?: number }) => openingOf(server, documentId, handshake);
    await expect(read({ schema: SCHEMA_VERSION - 1 })).rejects.toMatchObject({ code: "CLIENT_TOO_OLD" });
    await expect(read({ epoch: 1 })).rejects.toMatchObject({ code: "EPOCH_MISMATCH" });
    expect(await read({ epoch: 2, schema: SCHEMA_VERSION })).toMatchObject({ meta: { epoch: 2 } });
    await expect(openingOf(server, "nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("J4 is read once for all who ask meanwhile", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create({}, written(5));
    const answers = await Promise.all(Array.from({ length: 20 }, () => openingOf(server, documentId)));
    expect(new Set(answers.map(({ updates }) => updates)).size).toBe(1);
  });

  test("J4 of a large document is made before its room is loaded, and keeps nobody waiting long", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create({}, written(3_000));
    const { promise: made, resolve } = Promise.withResolvers<void>();
    const answer = server.rooms.readOpening(documentId, {}, () => made);
    const ana = server.client(documentId);
    let isAnswered = false;
    void answer.then(() => {
      isAnswered = true;
    });
    // The answer is never made here: the room is loaded all the same.
    await ana.synced();
    expect(isAnswered).toBe(false);
    resolve();
    await answer;
  });
});
