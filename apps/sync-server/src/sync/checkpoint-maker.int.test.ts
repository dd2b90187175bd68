import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { zstdDecompressSync } from "node:zlib";
import { type TemporaryDirectory, temporaryDirectory } from "@octavo/test-kit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { applyUpdateV2, Doc, encodeStateAsUpdate, XmlElement, XmlText } from "yjs";
import { textOf, writeParagraph } from "../../test/harness.ts";
import { systemClock } from "../clock.ts";
import type { DocumentStore } from "../storage/document-store.ts";
import { openLevelDocumentStore } from "../storage/leveldb/open.ts";
import { CheckpointMaker, type CheckpointMakerOptions } from "./checkpoint-maker.ts";
import { loadDocument } from "./load.ts";
import type { Room } from "./room.ts";
import { structCount } from "./upstream-yjs.ts";

/** Generous, since other work shares the machine; `bench/checkpoints.ts` measures what it is. */
const STALL_MS = 100;

describe("checkpoints", () => {
  let directory: TemporaryDirectory;
  let store: DocumentStore;
  let maker: CheckpointMaker;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    store = await openLevelDocumentStore({
      directory: join(directory.path, "documents"),
      clock: systemClock,
    });
  });
  afterEach(async () => {
    await maker.close();
    await store.close();
    await directory.remove();
  });

  const open = (options: Partial<CheckpointMakerOptions> = {}) => {
    maker = new CheckpointMaker({ store, clock: systemClock, ...options });
    return maker;
  };

  /** A room as far as the maker looks at it, whose updates go to the log. */
  async function roomOf(documentId: string, write: (document: Doc) => void): Promise<Room> {
    const document = new Doc();
    write(document);
    const update = encodeStateAsUpdate(document);
    const meta = { documentId, epoch: 0, schemaVersion: 1, kind: "document", createdAt: 0 } as const;
    await store.create(meta, { update, actor: "user:a", claims: [document.clientID] });
    const room = {
      documentId,
      document,
      appliedSeq: await store.updates.head(documentId),
      bytes: update.length,
    };
    document.on("update", (next: Uint8Array) => {
      room.bytes += next.length;
      void store.updates
        .append(documentId, { update: next, actor: "user:a", claims: [] })
        .committed.then(() => {
          room.appliedSeq++;
        });
    });
    return room as unknown as Room;
  }

  const loaded = async (documentId: string) => {
    const document = new Doc();
    const { checkpoint, seq } = await loadDocument(store, documentId, document);
    return { document, checkpoint, seq };
  };
  const stallDuring = async (work: () => Promise<unknown>) => {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await work();
    delay.disable();
    return delay.max / 1e6;
  };
  const paragraphs = (count: number) => (document: Doc) => {
    const body = document.getXmlFragment("default");
    body.insert(
      0,
      Array.from({ length: count }, (_, i) => {
        const paragraph = new XmlElement("paragraph");
        paragraph.insert(0, [new XmlText(`paragraph ${i} of many`)]);
        return paragraph;
      }),
    );
  };

  test("C3 of a large document are made elsewhere, from what is stored, up to the seq of their beginning", async () => {
    const room = await roomOf("large", paragraphs(30_000));
    expect(structCount(room.document)).toBeGreaterThan(50_000);
    open();
    const first = await maker.write(room, () => {});
    expect(first.seq).toBe(1);
    for (let i = 0; i < 50; i++) writeParagraph(room.document, `typed ${i}`);
    await store.updates.drain(5_000);
    let isTaken = false;
    const writing = maker.write(room, () => {
      isTaken = true;
    });
    expect(isTaken).toBe(true);
    writeParagraph(room.document, "typed meanwhile");
    const stallMs = await stallDuring(() => writing);
    expect(stallMs).toBeLessThan(STALL_MS);
    const { seq, bytes } = await writing;
    expect(seq).toBe(51);
    const stored = await store.checkpoints.newestCompressed("large");
    expect(zstdDecompressSync(stored!.compressed)).toHaveLength(bytes);
    const cold = await loaded("large");
    expect([cold.checkpoint.seq, cold.seq]).toEqual([51, 52]);
    expect(textOf(cold.document)).toBe(textOf(room.document));
  });

  test("C3 in a process that dies of them fail alone, and the log stays as it is", async () => {
    const room = await roomOf("large", paragraphs(30_000));
    const starved = open({ heapMib: 16 });
    await expect(starved.write(room, () => {})).rejects.toMatchObject({ code: "INTERNAL" });
    await starved.close();
    expect(await store.checkpoints.newest("large")).toBeUndefined();
    expect((await open().write(room, () => {})).seq).toBe(1);
    expect(textOf((await loaded("large")).document)).toBe(textOf(room.document));
  });

  test("C4 of a room that is not what its log says are not written", async () => {
    const room = await roomOf("other", paragraphs(10));
    const fake = { ...room, document: new Doc() } as unknown as Room;
    await expect(open({ smallStructs: -1 }).write(fake, () => {})).rejects.toThrow();
    expect(await store.checkpoints.newest("other")).toBeUndefined();
  });

  test("C5 of hundreds of documents at once do not stop anything else", { timeout: 120_000 }, async () => {
    const rooms = await Promise.all(
      Array.from({ length: 300 }, (_, i) => roomOf(`small-${i}`, paragraphs(150))),
    );
    open();
    const stallMs = await stallDuring(() => Promise.all(rooms.map(room => maker.write(room, () => {}))));
    expect(stallMs).toBeLessThan(STALL_MS);
    const copy = new Doc();
    applyUpdateV2(copy, (await store.checkpoints.newest("small-299"))!.state);
    expect(textOf(copy)).toBe(textOf(rooms[299]!.document));
  });
});
