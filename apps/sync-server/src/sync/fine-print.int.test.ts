import { LIMITS } from "@octavo/schema";
import { eventually } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { applyUpdate } from "yjs";
import { recordedDocument, startSyncServer, textOf, writeParagraph } from "../../test/harness.ts";
import { RawClient } from "../../test/raw-client.ts";
import { openMemoryDocumentStore } from "../storage/memory-document-store.ts";

/** A store whose commits wait from `hold` to `release`. */
function heldStore() {
  let gate = Promise.resolve();
  let open = () => {};
  const store = openMemoryDocumentStore({ beforeCommit: () => gate });
  return {
    store,
    hold() {
      gate = new Promise<void>(resolve => {
        open = resolve;
      });
    },
    release: () => open(),
  };
}

test("W3 a log that can take no more ends the connection that brings more, and nobody's who was taken", {
  timeout: 60_000,
}, async () => {
  const held = heldStore();
  await using server = await startSyncServer({ store: held.store });
  const update = largeUpdate();
  const fitting = Math.floor(LIMITS.pendingAppendBytes / update.length);
  const writers: RawClient[] = [];
  for (let i = 0; i <= fitting; i++) {
    writers.push(await RawClient.join({ url: server.url, documentId: await server.create() }));
  }
  held.hold();
  for (const writer of writers.slice(0, -1)) {
    writer.update(update);
    // Its answer comes once what was sent before has been taken.
    writer.step1();
    await eventually(() => writer.count("step2") === 1, { withinMs: 10_000 });
  }
  const last = writers.at(-1)!;
  last.update(update);
  expect(await last.closed()).toEqual({ code: 4503, reason: "APPEND_FAILED" });
  expect(last.acks).toEqual([]);
  held.release();
  for (const writer of writers.slice(0, -1)) {
    await eventually(() => writer.acks.length === 1, { withinMs: 10_000 });
    expect([writer.acks, writer.close]).toEqual([[true], undefined]);
  }
});

test("W5 a room is not unloaded while something of it is on its way to the disk, and who comes sees it", async () => {
  const held = heldStore();
  await using server = await startSyncServer({ store: held.store, lingerMs: 1 });
  const documentId = await server.create();
  const writer = await RawClient.join({ url: server.url, documentId });
  const { document, updates } = recordedDocument();
  writeParagraph(document, "on its way");
  held.hold();
  writer.update(updates[0]!);
  await eventually(() => server.store.updates.hasUncommitted(documentId));
  writer.socket.close();
  await eventually(async () => (await server.connections()) === 0);
  // Long past the time that an idle room lingers.
  await new Promise(resolve => setTimeout(resolve, 100));
  expect(await server.loadedRooms()).toBe(1);
  held.release();
  const reader = await RawClient.join({ url: server.url, documentId, token: "bob" });
  reader.step1();
  await eventually(() => textOf(reader.document) === textOf(document));
  reader.socket.close();
  await eventually(async () => (await server.loadedRooms()) === 0);
  expect(await server.store.updates.head(documentId)).toBe(2);
});

test("A3 a client id that happens to be another's is refused like a foreign one; with a new one it goes on", async () => {
  await using server = await startSyncServer();
  const documentId = await server.create();
  const alice = await RawClient.join({ url: server.url, documentId });
  const bob = await RawClient.join({ url: server.url, documentId, token: "bob" });
  const [hers, his] = [recordedDocument(77), recordedDocument(77)];
  writeParagraph(hers.document, "from alice");
  writeParagraph(his.document, "from bob, written before he heard of hers");
  writeParagraph(his.document, "and more");
  alice.update(hers.updates[0]!);
  await eventually(() => alice.acks.length === 1);
  bob.update(his.updates[1]!);
  await eventually(() => bob.messages.some(({ type }) => type === "write-refused"));
  expect(bob.messages).toContainEqual({ type: "write-refused", code: "FOREIGN_CLIENT_ID" });
  const again = recordedDocument(78);
  applyUpdate(again.document, hers.updates[0]!);
  writeParagraph(again.document, "from bob");
  bob.step2(again.document);
  applyUpdate(alice.document, hers.updates[0]!);
  await eventually(() => textOf(alice.document).includes("from bob"));
  expect(bob.acks).toEqual([false, true]);
});

test("A3 what a guest wrote belongs to the account that the guest signs in with", async () => {
  await using server = await startSyncServer();
  const documentId = await server.create();
  const guest = await RawClient.join({ url: server.url, documentId, token: "guest" });
  const { document, updates } = recordedDocument(55);
  writeParagraph(document, "as a guest");
  guest.update(updates[0]!);
  await eventually(() => guest.acks.length === 1);
  await server.store.updates.transferOwner(documentId, "user:guest", "user:alice");
  server.rooms.transferOwner(documentId, "user:guest", "user:alice");
  writeParagraph(document, "with an account");
  guest.update(updates[1]!);
  await eventually(() => guest.acks.length === 2);
  const alice = await RawClient.join({ url: server.url, documentId });
  alice.update(updates[1]!);
  await eventually(() => alice.acks.length === 1);
  expect([guest.acks, alice.acks]).toEqual([[true, false], [true]]);
  expect(await server.store.updates.owners(documentId)).toEqual(new Map([[55, "user:alice"]]));
});

/** As large as a frame may be, in strings of the largest size. */
function largeUpdate(): Uint8Array {
  const { document, updates } = recordedDocument();
  const text = "x".repeat(LIMITS.updateStringBytes - 16);
  document.transact(() => {
    for (let i = 0; i < 3; i++) writeParagraph(document, text);
  });
  return updates[0]!;
}
