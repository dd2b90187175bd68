import { readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@octavo/test-kit/temp-directory";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../clock.ts";
import type { DocumentStore } from "../document-store.ts";
import { defaultLevel, type LevelDatabase } from "./database.ts";
import {
  checkpointKey,
  checkpointRange,
  deletionKey,
  documentKey,
  logKey,
  ownerKey,
  rangesOfDocument,
  storeKey,
} from "./keys.ts";
import { openLevelDocumentStore } from "./open.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const damaged = { code: "DOCUMENT_DAMAGED" };
/** The documents get their numbers in the order of their creation. */
const A = { documentId: "a", docNo: 1 };
const B = { documentId: "b", docNo: 2 };

describe("a damaged store", () => {
  let directory: TemporaryDirectory;
  let documents: string;

  const open = () => openLevelDocumentStore({ directory: documents, clock: systemClock });
  const withStore = async <T>(use: (store: DocumentStore) => Promise<T>): Promise<T> => {
    const store = await open();
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  };
  /** Behind the store's back: what LevelDB would return after damage to its files. */
  const withLevel = async <T>(use: (level: LevelDatabase) => Promise<T>): Promise<T> => {
    const level = defaultLevel(documents);
    await level.open({ createIfMissing: false });
    try {
      return await use(level);
    } finally {
      await level.close();
    }
  };
  const flipByte = (key: Buffer) =>
    withLevel(async level => {
      const value = Buffer.from((await level.get(key))!);
      value[value.byteLength - 1]! ^= 1;
      await level.put(key, value);
    });
  const grow = async (store: DocumentStore, documentId: string, count: number) => {
    const from = await store.updates.head(documentId);
    const appended = Array.from({ length: count }, (_, i) =>
      store.updates.append(documentId, { update: bytes(`u${from + i + 1}`), actor: "user:1", claims: [] }),
    );
    await Promise.all(appended.map(({ committed }) => committed));
  };
  const checkpoint = (store: DocumentStore, documentId: string, seq: number) =>
    store.checkpoints.write(documentId, { seq, state: bytes(`state ${seq}`), at: 0 });
  const contents = async (store: DocumentStore, documentId: string, afterSeq = 0) => {
    const updates: string[] = [];
    for await (const { update } of store.updates.read(documentId, afterSeq)) {
      updates.push(new TextDecoder().decode(update));
    }
    return updates;
  };
  const names = (count: number) => Array.from({ length: count }, (_, i) => `u${i + 1}`);

  beforeEach(async () => {
    directory = await temporaryDirectory();
    documents = join(directory.path, "documents");
    await withStore(async store => {
      for (const { documentId } of [A, B]) {
        const meta = { documentId, epoch: 1, schemaVersion: 1, kind: "document", createdAt: 0 } as const;
        await store.create(meta, { update: bytes("u1"), actor: "user:1", claims: [7] });
        await grow(store, documentId, 19);
      }
    });
  });
  afterEach(() => directory.remove());

  /** A is refused; B is as it was and takes more. */
  const onlyAIsRefused = (refused: (store: DocumentStore) => Promise<unknown>) =>
    withStore(async store => {
      await expect(refused(store)).rejects.toMatchObject(damaged);
      expect(await contents(store, "b")).toEqual(names(20));
      await grow(store, "b", 1);
      expect(await contents(store, "b")).toEqual(names(21));
    });

  test("E5 a flipped byte in a record damages that document alone", async () => {
    await flipByte(logKey(A.docNo, 10));
    await onlyAIsRefused(store => contents(store, "a"));
  });

  test("a missing record is a gap, in the middle, at the beginning and at the known end", async () => {
    await withLevel(level => level.del(logKey(A.docNo, 10)));
    await onlyAIsRefused(store => contents(store, "a"));
    await withLevel(level => level.del(logKey(A.docNo, 1)));
    await withStore(async store => expect(contents(store, "a")).rejects.toMatchObject(damaged));
    await withStore(store => checkpoint(store, "b", 21));
    await withLevel(level => level.del(logKey(B.docNo, 21)));
    await withStore(async store => {
      await expect(contents(store, "b")).rejects.toMatchObject(damaged);
      await expect(store.updates.head("b")).rejects.toMatchObject(damaged);
    });
  });

  test("E5 a log that is lost whole is damage, not an empty document", async () => {
    await withLevel(level => level.clear({ gte: logKey(A.docNo, 0), lt: logKey(A.docNo + 1, 0) }));
    await onlyAIsRefused(store => store.updates.head("a"));
  });

  test("a record in another one's place is damage", async () => {
    await withLevel(async level => level.put(logKey(A.docNo, 10), (await level.get(logKey(A.docNo, 11)))!));
    await onlyAIsRefused(store => contents(store, "a"));
  });

  test("a damaged document record or owner is damage, not a document that is not there", async () => {
    await flipByte(documentKey("a"));
    await onlyAIsRefused(store => store.meta("a"));
    await flipByte(ownerKey(B.docNo, 7));
    await withStore(async store => expect(store.updates.owners("b")).rejects.toMatchObject(damaged));
  });

  describe("a damaged checkpoint", () => {
    beforeEach(() =>
      withStore(async store => {
        await store.updates.head("a");
        await checkpoint(store, "a", 10);
        await checkpoint(store, "a", 20);
      }),
    );

    test("C4 falls back to the one before and the log after it", async () => {
      await flipByte(checkpointKey(A.docNo, 20, 0));
      await withStore(async store => {
        const newest = await store.checkpoints.newest("a");
        expect(newest?.seq).toBe(10);
        expect(await contents(store, "a", 10)).toEqual(names(20).slice(10));
      });
    });

    test("C4 is not counted on: the log stays until two good ones are there", async () => {
      await flipByte(checkpointKey(A.docNo, 20, 0));
      await withStore(async store => {
        await grow(store, "a", 10);
        await checkpoint(store, "a", 30);
      });
      await flipByte(checkpointKey(A.docNo, 30, 0));
      await withStore(async store => {
        expect((await store.checkpoints.newest("a"))?.seq).toBe(10);
        expect(await contents(store, "a", 10)).toEqual(names(30).slice(10));
      });
    });

    test("may be written again at the same seq", async () => {
      await flipByte(checkpointKey(A.docNo, 20, 0));
      await withStore(async store => {
        await checkpoint(store, "a", 20);
        expect((await store.checkpoints.newest("a"))?.seq).toBe(20);
      });
    });

    test("with none that is readable is damage, not an empty document", async () => {
      await flipByte(checkpointKey(A.docNo, 20, 0));
      await withLevel(level => level.clear(checkpointRange(A.docNo, 10)));
      await withStore(async store => expect(store.checkpoints.newest("a")).rejects.toMatchObject(damaged));
    });
  });

  test("a lost counter of documents does not put a new document over an old one", async () => {
    await withLevel(level => level.del(storeKey("nextDocNo")));
    await withStore(async store => {
      const meta = { documentId: "c", epoch: 1, schemaVersion: 1, kind: "document", createdAt: 0 } as const;
      await store.create(meta, { update: bytes("new"), actor: "user:1", claims: [] });
      expect(await contents(store, "a")).toEqual(names(20));
      expect(await contents(store, "b")).toEqual(names(20));
      expect(await contents(store, "c")).toEqual(["new"]);
    });
    await flipByte(storeKey("nextDocNo"));
    await expect(open()).rejects.toMatchObject({ code: "DATA_DAMAGED" });
  });

  test("delete leaves no key of the document, also when a crash interrupted it", async () => {
    await withStore(async store => {
      await store.updates.head("a");
      for (const seq of [5, 10, 20]) await checkpoint(store, "a", seq);
    });
    const keysOf = (docNo: number) =>
      withLevel(async level =>
        (await Promise.all(rangesOfDocument(docNo).map(range => level.keys(range).all()))).flat(),
      );
    expect((await keysOf(A.docNo)).length).toBeGreaterThan(10);
    await withStore(store => store.delete("a"));
    expect(await keysOf(A.docNo)).toEqual([]);
    expect((await keysOf(B.docNo)).length).toBeGreaterThan(20);
    await withLevel(async level => {
      expect(await level.get(documentKey("a"))).toBeUndefined();
      // As after a crash between the mark and the removal.
      await level.batch([
        { type: "del", key: documentKey("b") },
        { type: "put", key: deletionKey(B.docNo), value: bytes("") },
      ]);
    });
    await withStore(async store => expect(await store.meta("b")).toBeUndefined());
    expect(await keysOf(B.docNo)).toEqual([]);
    expect(await withLevel(level => level.get(deletionKey(B.docNo)))).toBeUndefined();
  });

  test("chunks that a crash left before anything pointed at them are not a checkpoint, and go with the next", async () => {
    await withLevel(level => level.put(checkpointKey(A.docNo, 15, 0), bytes("half a checkpoint")));
    await withStore(async store => {
      expect(await store.checkpoints.newest("a")).toBeUndefined();
      await checkpoint(store, "a", 20);
    });
    expect(await withLevel(level => level.get(checkpointKey(A.docNo, 15, 0)))).toBeUndefined();
  });

  describe("in its files", () => {
    const files = async (pattern: RegExp) =>
      (await readdir(documents)).filter(name => pattern.test(name)).map(name => join(documents, name));
    const newestLog = async () => (await files(/\.log$/)).toSorted().at(-1)!;

    test("a torn end loses the last batch and nothing else", async () => {
      await withStore(store => grow(store, "a", 5));
      const log = await newestLog();
      await truncate(log, (await stat(log)).size - 3);
      await withStore(async store => {
        const left = await contents(store, "a");
        expect(left).toEqual(names(left.length));
        expect(left.length).toBeGreaterThanOrEqual(20);
        expect(await contents(store, "b")).toEqual(names(20));
      });
    });

    test("a flipped byte in the middle of the log is found", async () => {
      await withStore(async store => {
        for (let i = 0; i < 40; i++) await grow(store, "a", 100);
      });
      const log = await newestLog();
      const content = await readFile(log);
      content[content.byteLength >> 1]! ^= 0xff;
      await writeFile(log, content);
      await onlyAIsRefused(store => contents(store, "a"));
    });

    test("X7 a missing CURRENT is refused, and nothing is deleted or made", async () => {
      await rm(join(documents, "CURRENT"));
      const before = await readdir(documents);
      await expect(open()).rejects.toMatchObject({
        code: "DATA_MISSING",
        message: expect.stringMatching(/CURRENT is missing/),
      });
      await rm(join(directory.path, "VERSION"));
      await expect(open()).rejects.toMatchObject({ code: "DATA_MISSING" });
      expect(await readdir(documents)).toEqual(before);
    });

    test("X7 a missing database is refused where there was one", async () => {
      await rm(documents, { recursive: true });
      await expect(open()).rejects.toMatchObject({
        code: "DATA_MISSING",
        message: expect.stringMatching(/Is the right volume mounted/),
      });
      await expect(readdir(documents)).rejects.toMatchObject({ code: "ENOENT" });
    });

    test("a lost marker is written again; one of a newer or another store is refused", async () => {
      const version = join(directory.path, "VERSION");
      const marker = JSON.parse(await readFile(version, "utf8"));
      expect(marker).toEqual({ format: 1, storeId: expect.any(String), createdAt: expect.any(String) });
      await rm(version);
      await withStore(async store => expect(await contents(store, "a")).toEqual(names(20)));
      expect(JSON.parse(await readFile(version, "utf8"))).toEqual(marker);
      await writeFile(version, JSON.stringify({ ...marker, format: 2 }));
      await expect(open()).rejects.toMatchObject({ code: "DATA_FORMAT_UNKNOWN" });
      await writeFile(version, JSON.stringify({ ...marker, storeId: "another" }));
      await expect(open()).rejects.toMatchObject({
        code: "DATA_DAMAGED",
        message: expect.stringMatching(/another installation/),
      });
      await writeFile(version, "");
      await expect(open()).rejects.toMatchObject({ code: "DATA_DAMAGED" });
    });

    test("a second opener is refused", async () => {
      await withStore(async () => {
        await expect(open()).rejects.toMatchObject({
          code: "DATA_IN_USE",
          message: expect.stringMatching(/in use by another process/),
        });
      });
    });
  });
});
