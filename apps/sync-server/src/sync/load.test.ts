import { newId } from "@octavo/schema";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { expect, test } from "vitest";
import { Doc, encodeStateAsUpdateV2 } from "yjs";
import { recordedDocument, textOf, writeParagraph } from "../../test/harness.ts";
import { openMemoryDocumentStore } from "../storage/memory-document-store.ts";
import { loadDocument } from "./load.ts";

test("E7 the checkpoint and the log after it become the document in one transaction", async () => {
  const store = openMemoryDocumentStore();
  const documentId = newId();
  const { document, updates } = recordedDocument();
  for (let i = 0; i < 50; i++) writeParagraph(document, `line ${i}`);
  await store.create(
    { documentId, epoch: 0, schemaVersion: SCHEMA_VERSION, kind: "document", createdAt: 0 },
    { update: updates[0]!, actor: "user:a", claims: [document.clientID] },
  );
  await store.updates.head(documentId);
  const appended = updates
    .slice(1)
    .map(update => store.updates.append(documentId, { update, actor: "user:a", claims: [] }).committed);
  await Promise.all(appended);
  await store.checkpoints.write(documentId, { seq: 50, state: encodeStateAsUpdateV2(document), at: 0 });
  writeParagraph(document, "after the checkpoint");
  writeParagraph(document, "and the last one");
  for (const update of updates.slice(50)) {
    await store.updates.append(documentId, { update, actor: "user:a", claims: [] }).committed;
  }
  store.updates.release(documentId);

  const cold = new Doc();
  let transactions = 0;
  cold.on("afterTransaction", () => transactions++);
  const loaded = await loadDocument(store, documentId, cold);
  expect(transactions).toBe(1);
  expect([loaded.checkpoint.seq, loaded.seq, loaded.tail.updates]).toEqual([50, 52, 2]);
  expect(textOf(cold)).toBe(textOf(document));
  await store.close();
});
