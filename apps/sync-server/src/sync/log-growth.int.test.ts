import { LIMITS } from "@octavo/schema";
import { eventually } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { Doc, type XmlElement, type XmlText } from "yjs";
import { startSyncServer, textOf, writeParagraph } from "../../test/harness.ts";
import type { DocumentStore } from "../storage/document-store.ts";

const RECONNECTS = process.env.OCTAVO_LONG === "1" ? 1_000 : 40;
const DELETIONS = 10_000;

/** A document with deletions that stand apart, each a range of its own in every sync step 2. */
function holed(): Doc {
  const document = new Doc();
  writeParagraph(document, "0123456789".repeat(DELETIONS));
  const text = textIn(document);
  document.transact(() => {
    for (let i = 0; i < DELETIONS; i++) text.delete(i * 9, 1);
  });
  return document;
}

const textIn = (document: Doc): XmlText =>
  (document.getXmlFragment("default").get(0) as XmlElement).get(0) as XmlText;

async function logBytes(store: DocumentStore, documentId: string): Promise<number> {
  let bytes = 0;
  for await (const { update } of store.updates.read(documentId, 0)) bytes += update.length;
  return bytes;
}

test(`W2 ${RECONNECTS} reconnects to a document with ${DELETIONS} deletions leave its log as it is`, {
  timeout: 300_000,
}, async () => {
  await using server = await startSyncServer({ lingerMs: 60_000 });
  const documentId = await server.create({}, holed());
  const client = server.client(documentId, { reconnectMs: 1 });
  await client.synced();
  await client.saved();
  const [before, head] = [
    await logBytes(server.store, documentId),
    await server.store.updates.head(documentId),
  ];
  let stepTwoBytes = 0;
  for (let i = 0; i < RECONNECTS; i++) {
    client.disconnect();
    await eventually(() => !client.provider.isSynced, { what: "the end of the connection" });
    client.connect();
    await client.synced();
    await client.saved();
    stepTwoBytes = Math.max(stepTwoBytes, client.ledger.acked.at(-1)!.length);
  }
  expect(stepTwoBytes).toBeGreaterThan(2 * DELETIONS);
  expect(await server.store.updates.head(documentId)).toBe(head);
  expect(await logBytes(server.store, documentId)).toBe(before);
});

test("A1 what was written and deleted while away is appended without the deletions that were there", async () => {
  await using server = await startSyncServer({ lingerMs: 60_000 });
  const documentId = await server.create({}, holed());
  const client = server.client(documentId, { reconnectMs: 1 });
  await client.synced();
  await client.saved();
  for (let round = 0; round < 5; round++) {
    const before = await logBytes(server.store, documentId);
    client.disconnect();
    await eventually(() => !client.provider.isSynced, { what: "the end of the connection" });
    writeParagraph(client.document, `written while away, ${round}`);
    textIn(client.document).delete(40 * round, 7);
    client.connect();
    await client.synced();
    await client.saved();
    const grown = (await logBytes(server.store, documentId)) - before;
    expect(grown).toBeGreaterThan(0);
    expect(grown).toBeLessThan(200);
  }
  const reader = server.client(documentId, { token: "bob" });
  await reader.synced();
  expect(textOf(reader.document)).toBe(textOf(client.document));
});

test("A5 a small document takes any amount of text that is replaced again", { timeout: 60_000 }, async () => {
  await using server = await startSyncServer({ lingerMs: 60_000 });
  const initial = new Doc();
  writeParagraph(initial, "begin");
  const documentId = await server.create({}, initial);
  const client = server.client(documentId);
  await client.synced();
  const characters = 1024 * 1024;
  for (let written = 0; written < 1.2 * LIMITS.documentBytes; written += characters) {
    const text = textIn(client.document);
    client.document.transact(() => {
      text.delete(0, text.length);
      text.insert(0, "a".repeat(characters));
    });
    await client.saved();
  }
  expect(client.messages.filter(({ type }) => type === "write-refused")).toEqual([]);
  expect(textIn(client.document).length).toBe(characters);
});
