import { join } from "node:path";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { createRandom, eventually, seedMessage, TestClient, temporaryDirectory } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate, equalSnapshots, snapshot } from "yjs";
import { systemClock } from "../src/clock.ts";
import { openLevelDocumentStore } from "../src/storage/leveldb/open.ts";
import { loadDocument } from "../src/sync/load.ts";
import { keepFormatting } from "../src/sync/upstream.ts";
import { createDocument } from "./harness.ts";
import { KillableServer } from "./killable-server.ts";
import { randomEdit } from "./random-edits.ts";

const ROUNDS = process.env.OCTAVO_LONG === "1" ? 200 : 5;
const WRITERS = 3;

/** The document as a restarted server would load it. */
async function coldLoad(directory: string, documentId: string): Promise<Doc> {
  const store = await openLevelDocumentStore({ directory, clock: systemClock });
  const cold = new Doc();
  await loadDocument(store, documentId, cold);
  await store.close();
  return cold;
}

/** True when `seen` holds nothing that `stored` does not. */
function isContained(seen: Doc, stored: Doc): boolean {
  const both = new Doc();
  keepFormatting(both);
  applyUpdate(both, encodeStateAsUpdate(stored));
  const before = encodeStateAsUpdate(both);
  applyUpdate(both, encodeStateAsUpdate(seen));
  return Buffer.compare(before, encodeStateAsUpdate(both)) === 0;
}

test("W1 whatever was acknowledged or seen is there after kill -9 at any moment", {
  timeout: 60_000 + ROUNDS * 10_000,
}, async () => {
  const random = createRandom();
  await using temporary = await temporaryDirectory();
  const directory = join(temporary.path, "documents");
  const first = await openLevelDocumentStore({ directory, clock: systemClock });
  const documentId = await createDocument(first);
  await first.close();
  const server = new KillableServer(directory);
  await server.start();

  const client = (token: string) =>
    new TestClient({
      url: `http://127.0.0.1:${server.port}`,
      documentId,
      token,
      schema: SCHEMA_VERSION,
      reconnectMs: 20,
    });
  const writers = Array.from({ length: WRITERS }, (_, index) => client(`writer${index}`));
  const observer = client("observer");
  const clients = [...writers, observer];
  // Only what came from the server: the observer's editor may have cleaned up formatting that nobody acknowledged.
  const seen = new Doc();
  keepFormatting(seen);
  observer.document.on("update", (update: Uint8Array, origin: unknown) => {
    if (origin === observer.provider) applyUpdate(seen, update);
  });
  let isWriting = true;
  const typing = setInterval(() => {
    if (isWriting) randomEdit(random.pick(writers).document, random);
  }, 2);

  let acked = 0;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const hint = `round ${round}, ${seedMessage(random)}`;
      const enough = writers.map(({ ledger }) => ledger.acked.length + 5);
      await eventually(() => writers.every(({ ledger }, index) => ledger.acked.length >= enough[index]!), {
        what: `acknowledgements, ${hint}`,
      });
      const killAt = performance.now() + random.int(0, 400);
      await eventually(() => performance.now() >= killAt);
      await server.kill();
      // What was sent before the end may still be in the sockets: it was acknowledged and shown all the same.
      await eventually(() => clients.every(({ provider }) => !provider.isSynced));
      const cold = await coldLoad(directory, documentId);
      const missing = writers.reduce((sum, { ledger }) => sum + ledger.missingFrom(cold), 0);
      expect({ missing, isSeenThere: isContained(seen, cold) }, hint).toEqual({
        missing: 0,
        isSeenThere: true,
      });
      await server.start();
    }
    isWriting = false;
    await eventually(
      () =>
        writers.every(writer => writer.isSaved) &&
        clients.every(({ document }) => equalSnapshots(snapshot(document), snapshot(observer.document))),
      { what: `equal replicas, ${seedMessage(random)}` },
    );
    acked = writers.reduce((sum, { ledger }) => sum + ledger.acked.length, 0);
  } finally {
    clearInterval(typing);
    for (const one of clients) one.destroy();
    await server.kill();
  }
  expect(acked).toBeGreaterThan(ROUNDS * WRITERS * 5);
});
