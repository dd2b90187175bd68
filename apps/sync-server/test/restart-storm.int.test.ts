import { join } from "node:path";
import { eventually, temporaryDirectory } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { Doc } from "yjs";
import { systemClock } from "../src/clock.ts";
import { openLevelDocumentStore } from "../src/storage/leveldb/open.ts";
import { createDocument, textOf, writeParagraph } from "./harness.ts";
import { KillableServer } from "./killable-server.ts";
import { RawClient } from "./raw-client.ts";

const isLong = process.env.OCTAVO_LONG === "1";
/** All from one address: an office behind one, or a proxy that does not say who asks. */
const CLIENTS = isLong ? 2_000 : 300;
const DOCUMENTS = isLong ? 200 : 30;
/** Sockets that come with the others and say nothing. */
const SILENT = 50;
const LONGEST_STALL_MS = 250;

test("M1, M4, M5 after a restart all come back at once: all are let in and synced, and the event loop never stalls", {
  timeout: 120_000,
}, async () => {
  await using directory = await temporaryDirectory();
  const documents = join(directory.path, "documents");
  const store = await openLevelDocumentStore({ directory: documents, clock: systemClock });
  const ids = await Promise.all(
    Array.from({ length: DOCUMENTS }, () => createDocument(store, {}, written())),
  );
  await store.close();
  const server = new KillableServer(documents);
  await server.start();
  const before = new RawClient({ url: `http://127.0.0.1:${server.port}`, documentId: ids[0]! });
  await before.opened();
  await server.kill();
  await before.closed();

  await server.start();
  await server.longestStallMs();
  const url = `http://127.0.0.1:${server.port}`;
  const documentOf = (index: number) => ids[index % ids.length]!;
  const silent = Array.from({ length: SILENT }, () => new RawClient({ url, documentId: ids[0]! }));
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    const client = new RawClient({ url, documentId: documentOf(index), token: `person ${index % 100}` });
    client.socket.on("open", () => {
      client.authenticate();
      client.step1();
    });
    return client;
  });
  try {
    await eventually(() => clients.every(client => client.count("step2") > 0), {
      withinMs: 60_000,
      what: "everybody's document",
    });
    const stallMs = await server.longestStallMs();
    expect(clients.flatMap(({ error }) => error ?? [])).toEqual([]);
    for (const client of clients) {
      expect(client.close).toBeUndefined();
      // Each document once, and only when it was loaded.
      expect(client.count("step2")).toBe(1);
      expect(textOf(client.document)).toContain("the last paragraph");
    }
    expect(stallMs).toBeLessThan(LONGEST_STALL_MS);
  } finally {
    for (const { socket } of [...clients, ...silent]) socket.terminate();
    await server.kill();
  }
});

function written(): Doc {
  const document = new Doc();
  document.transact(() => {
    for (let i = 0; i < 20; i++) writeParagraph(document, `paragraph ${i}: ${"word ".repeat(20)}`);
    writeParagraph(document, "the last paragraph");
  });
  return document;
}
