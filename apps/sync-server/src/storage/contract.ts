import { zstdDecompressSync } from "node:zlib";
import { AppError, LIMITS } from "@octavo/schema";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DocumentMeta, DocumentStore } from "./document-store.ts";
import type { LogRecord, StoreState } from "./update-log.ts";

/** A fresh, empty store and the hand on its disk. */
export interface ContractSubject {
  store: DocumentStore;
  /** From now on every commit and every attempt to recover fails. */
  break(): void;
  heal(): void;
  /** Removes what the store left behind; the store is closed by then. */
  dispose(): Promise<void>;
}

const A = "documentA";
const B = "documentB";
const UNKNOWN = "unknownDocument";

const metaOf = (documentId: string): DocumentMeta => ({
  documentId,
  epoch: 1,
  schemaVersion: 3,
  kind: "document",
  createdAt: 1_700_000_000_000,
});
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (update: Uint8Array): string => new TextDecoder().decode(update);
const by = (actor: string, update: string, claims: number[] = []) => ({
  actor,
  update: bytes(update),
  claims,
});

/** What every document store keeps to: one suite for memory and LevelDB, each method in each state of its life. */
export function documentStoreContract(name: string, open: () => Promise<ContractSubject>): void {
  describe(`the document store contract: ${name}`, () => {
    let subject: ContractSubject;
    let store: DocumentStore;

    beforeEach(async () => {
      subject = await open();
      store = subject.store;
      for (const documentId of [A, B]) {
        await store.create(metaOf(documentId), by("user:owner", "first", [10]));
        await store.updates.head(documentId);
      }
    });

    afterEach(async () => {
      await store.close();
      await subject.dispose();
    });

    const append = (update: string, actor = "user:1", claims: number[] = []) =>
      store.updates.append(A, by(actor, update, claims));
    const contents = async (documentId = A, afterSeq = 0) =>
      (await all(store.updates.read(documentId, afterSeq))).map(record => text(record.update));
    /** The first failure shows: the store knows that it cannot write. */
    const breakStore = async () => {
      subject.break();
      await expect(store.probe()).rejects.toMatchObject({ code: "APPEND_FAILED" });
    };

    describe("create", () => {
      test("makes the first content seq 1, with its actor, time and claims", async () => {
        const [record] = await all(store.updates.read(A, 0));
        expect(record).toMatchObject({ seq: 1, actor: "user:owner", at: expect.any(Number) });
        expect(text(record!.update)).toBe("first");
        expect(await store.updates.owners(A)).toEqual(new Map([[10, "user:owner"]]));
        expect(await store.meta(A)).toEqual(metaOf(A));
      });

      test("refuses a document that exists, and of two at once lets one win", async () => {
        await expect(store.create(metaOf(A), by("user:2", "again"))).rejects.toMatchObject({
          code: "CONFLICT",
        });
        const both = [1, 2].map(i => store.create(metaOf("twice"), by(`user:${i}`, `first of ${i}`)));
        const outcomes = (await Promise.allSettled(both)).map(({ status }) => status);
        expect(outcomes.toSorted()).toEqual(["fulfilled", "rejected"]);
        expect(await contents("twice")).toHaveLength(1);
      });
    });

    describe("append", () => {
      test("takes the sequence numbers at once, without gaps, a counter a document", async () => {
        expect([append("b"), append("c"), append("d")].map(({ seq }) => seq)).toEqual([2, 3, 4]);
        expect(store.updates.append(B, by("user:1", "b")).seq).toBe(2);
        expect(await store.updates.head(A)).toBe(4);
        await store.updates.drain(5_000);
      });

      test("is read back in order, as it was given, after the seq asked for", async () => {
        const given = Array.from({ length: 300 }, (_, i) => `update ${i}`);
        await Promise.all(given.map((update, i) => append(update, `user:${i % 3}`).committed));
        const records = await all(store.updates.read(A, 1));
        expect(records.map(({ seq }) => seq)).toEqual(given.map((_, i) => i + 2));
        expect(records.map(({ update }) => text(update))).toEqual(given);
        expect(records.map(({ actor }) => actor)).toEqual(given.map((_, i) => `user:${i % 3}`));
        expect(await contents(A, 299)).toEqual(given.slice(298));
        expect(await contents(A, 301)).toEqual([]);
      });

      test("commits in order of seq", async () => {
        const order: number[] = [];
        const appended = Array.from({ length: 50 }, (_, i) => append(`${i}`));
        await Promise.all(appended.map(({ seq, committed }) => committed.then(() => order.push(seq))));
        expect(order).toEqual(appended.map(({ seq }) => seq));
      });

      test("keeps empty and binary updates and times as they are", async () => {
        const update = Uint8Array.from({ length: 256 }, (_, i) => i);
        await store.updates.append(A, { update: new Uint8Array(0), actor: "", claims: [] }).committed;
        await store.updates.append(A, { update, actor: "guest:é😀", claims: [2 ** 32 - 1, 0] }).committed;
        const [empty, binary] = await all(store.updates.read(A, 1));
        expect(empty).toMatchObject({ seq: 2, actor: "" });
        expect(empty!.update).toHaveLength(0);
        expect(new Uint8Array(binary!.update)).toEqual(update);
        expect((await store.updates.owners(A)).get(2 ** 32 - 1)).toBe("guest:é😀");
      });

      test("is uncommitted until it is on disk, and its document is not released before", async () => {
        const { committed } = append("b");
        expect(store.updates.hasUncommitted(A)).toBe(true);
        expect(store.updates.hasUncommitted(B)).toBe(false);
        expect(() => store.updates.release(A)).toThrow(TypeError);
        await committed;
        expect(store.updates.hasUncommitted(A)).toBe(false);
        store.updates.release(A);
        expect(() => append("c")).toThrow(TypeError);
        expect(await store.updates.head(A)).toBe(2);
        expect(append("c").seq).toBe(3);
        await store.updates.drain(5_000);
      });

      test("recovers the counter once for many who ask at the same time", async () => {
        await append("b").committed;
        store.updates.release(A);
        expect(await Promise.all([1, 2, 3].map(() => store.updates.head(A)))).toEqual([2, 2, 2]);
        expect([append("c").seq, append("d").seq]).toEqual([3, 4]);
        await store.updates.drain(5_000);
      });
    });

    describe("owners", () => {
      test("belong to whoever appended them, across actors", async () => {
        await append("b", "user:1", [21, 22]).committed;
        await append("c", "guest:2", [23]).committed;
        const owners = await store.updates.owners(A);
        expect([...owners].toSorted()).toEqual([
          [10, "user:owner"],
          [21, "user:1"],
          [22, "user:1"],
          [23, "guest:2"],
        ]);
        expect(await store.updates.owners(B)).toEqual(new Map([[10, "user:owner"]]));
      });

      test("count what is appended and not yet on disk", async () => {
        const { committed } = append("b", "user:1", [21]);
        expect((await store.updates.owners(A)).get(21)).toBe("user:1");
        await committed;
      });

      test("are transferred all at once, also when the document is not open, and history keeps who wrote", async () => {
        await append("b", "guest:2", [21, 22]).committed;
        await append("c", "user:1", [23]).committed;
        store.updates.release(A);
        await store.updates.transferOwner(A, "guest:2", "user:new");
        const owners = await store.updates.owners(A);
        expect([21, 22, 23].map(id => owners.get(id))).toEqual(["user:new", "user:new", "user:1"]);
        expect((await all(store.updates.read(A, 1)))[0]!.actor).toBe("guest:2");
        await store.updates.transferOwner(A, "nobody", "user:1");
        expect(await store.updates.owners(A)).toEqual(owners);
      });

      test("are transferred with what is still uncommitted", async () => {
        const { committed } = append("b", "guest:2", [21]);
        await store.updates.transferOwner(A, "guest:2", "user:new");
        await committed;
        expect((await store.updates.owners(A)).get(21)).toBe("user:new");
      });
    });

    describe("checkpoints", () => {
      const write = (seq: number, state = `state ${seq}`) =>
        store.checkpoints.write(A, { seq, state: bytes(state), at: seq * 1000 });
      const grow = (count: number) =>
        Promise.all(Array.from({ length: count }, (_, i) => append(`u${i}`).committed));

      test("give the newest one back, and none where there never was one", async () => {
        expect(await store.checkpoints.newest(A)).toBeUndefined();
        await grow(9);
        await write(5);
        await write(10);
        const newest = await store.checkpoints.newest(A);
        expect(newest).toMatchObject({ seq: 10, at: 10_000 });
        expect(text(newest!.state)).toBe("state 10");
        expect(await store.checkpoints.newest(B)).toBeUndefined();
      });

      test("give the newest one back as it is stored: one zstd frame of it", async () => {
        expect(await store.checkpoints.newestCompressed(A)).toBeUndefined();
        await grow(9);
        await write(5);
        await write(10, "state ".repeat(100_000));
        const stored = await store.checkpoints.newestCompressed(A);
        expect(stored).toMatchObject({ seq: 10, at: 10_000 });
        expect(text(zstdDecompressSync(stored!.compressed))).toBe("state ".repeat(100_000));
      });

      test("C7 trim the log without losing history or the counter", async () => {
        await grow(99);
        const before = await all(store.updates.read(A, 0));
        for (const seq of [20, 50, 51, 100]) await write(seq);
        expect(normalized(await all(store.updates.read(A, 0)))).toEqual(normalized(before));
        expect(normalized(await all(store.updates.read(A, 37)))).toEqual(normalized(before.slice(37)));
        store.updates.release(A);
        expect(await store.updates.head(A)).toBe(100);
      });

      test("of megabytes come back whole", async () => {
        const state = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * i * 31) >>> 3);
        await store.checkpoints.write(A, { seq: 1, state, at: 1 });
        expect(Buffer.from((await store.checkpoints.newest(A))!.state).equals(state)).toBe(true);
      });

      test("are written once a seq, and never behind the newest or beyond the log", async () => {
        await grow(9);
        await write(5);
        await write(5, "not written");
        expect(text((await store.checkpoints.newest(A))!.state)).toBe("state 5");
        await expect(write(4)).rejects.toThrow(TypeError);
        await expect(write(11)).rejects.toThrow(TypeError);
      });
    });

    describe("load", () => {
      const write = (seq: number) =>
        store.checkpoints.write(A, { seq, state: bytes(`state ${seq}`), at: seq * 1000 });
      const grow = (count: number) =>
        Promise.all(Array.from({ length: count }, (_, i) => append(`u${i}`, "user:1", [100 + i]).committed));
      const loaded = async () => {
        const { checkpoint, tail, head, ...rest } = (await store.load(A))!;
        return { ...rest, head, tail: tail.map(text), state: checkpoint && text(checkpoint.state) };
      };

      test("gives a document without a checkpoint by its log", async () => {
        expect(await loaded()).toEqual({
          meta: metaOf(A),
          head: 1,
          tail: ["first"],
          state: undefined,
          owners: new Map([[10, "user:owner"]]),
        });
      });

      test("gives the newest checkpoint, what came after it, and who owns what", async () => {
        await grow(4);
        await write(3);
        expect(await loaded()).toMatchObject({ head: 5, tail: ["u2", "u3"], state: "state 3" });
        await write(5);
        expect(await loaded()).toMatchObject({ head: 5, tail: [], state: "state 5" });
        expect([...(await loaded()).owners.keys()].toSorted()).toEqual([10, 100, 101, 102, 103]);
      });

      test("opens the log, also anew, and waits for what is uncommitted", async () => {
        store.updates.release(A);
        await store.load(A);
        expect(append("b").seq).toBe(2);
        expect(await loaded()).toMatchObject({ head: 2, tail: ["first", "b"] });
        store.updates.release(A);
        expect(await loaded()).toMatchObject({ head: 2 });
        expect(append("c").seq).toBe(3);
        await store.updates.drain(5_000);
      });

      test("gives nothing for a document that is not there", async () => {
        expect(await store.load("nothing")).toBeUndefined();
      });
    });

    describe("meta", () => {
      test("changes only what is named, and survives checkpoints", async () => {
        await Promise.all([
          store.setMeta(A, { epoch: 2 }),
          store.checkpoints.write(A, { seq: 1, state: bytes("s"), at: 1 }),
          store.setMeta(A, { schemaVersion: 4 }),
        ]);
        expect(await store.meta(A)).toEqual({ ...metaOf(A), epoch: 2, schemaVersion: 4 });
        expect(await store.checkpoints.newest(A)).toMatchObject({ seq: 1 });
      });
    });

    describe("delete", () => {
      test("rejects what waits with GONE and leaves other documents alone", async () => {
        const waiting = append("b").committed;
        const other = store.updates.append(B, by("user:1", "b")).committed;
        const rejected = expect(waiting).rejects.toMatchObject({ code: "GONE" });
        await store.delete(A);
        await rejected;
        await other;
        expect(await contents(B)).toEqual(["first", "b"]);
      });

      test("lets the same id begin anew with nothing of the old document", async () => {
        await append("b", "user:1", [21]).committed;
        await store.checkpoints.write(A, { seq: 2, state: bytes("s"), at: 1 });
        await store.delete(A);
        await store.create(metaOf(A), by("user:2", "new"));
        expect(await store.updates.head(A)).toBe(1);
        expect(await contents()).toEqual(["new"]);
        expect(await store.updates.owners(A)).toEqual(new Map());
        expect(await store.checkpoints.newest(A)).toBeUndefined();
        expect(append("b").seq).toBe(2);
        await store.updates.drain(5_000);
      });
    });

    describe("a store that cannot write", () => {
      test("W3 says so with a reason, keeps appends waiting, and commits them when the disk works again", async () => {
        const states: StoreState[] = [];
        store.updates.onState(state => states.push(state));
        expect(store.updates.state).toEqual({ writable: true });
        subject.break();
        const appended = ["b", "c", "d"].map(update => append(update, "user:new", [31]));
        await expect(store.probe()).rejects.toMatchObject({ code: "APPEND_FAILED" });
        expect(store.updates.state).toEqual({ writable: false, reason: expect.any(String) });
        appended.push(append("e"));
        expect(appended.map(({ seq }) => seq)).toEqual([2, 3, 4, 5]);
        expect(await Promise.all(appended.map(({ committed }) => outcomeSoon(committed)))).toEqual(
          appended.map(() => "pending"),
        );
        subject.heal();
        await Promise.all(appended.map(({ committed }) => committed));
        expect(await contents()).toEqual(["first", "b", "c", "d", "e"]);
        expect((await store.updates.owners(A)).get(31)).toBe("user:new");
        expect(store.updates.state).toEqual({ writable: true });
        expect(states.map(({ writable }) => writable)).toEqual([false, true]);
      });

      test("recovers also when nothing waits", async () => {
        await breakStore();
        const writable = new Promise<void>(resolve => {
          store.updates.onState(state => state.writable && resolve());
        });
        subject.heal();
        await writable;
        await store.probe();
      });

      test("W3 lets only so many bytes wait", async () => {
        await breakStore();
        const megabyte = { actor: "user:1", update: new Uint8Array(1024 * 1024), claims: [] };
        const waiting: Promise<void>[] = [];
        const fill = () => {
          for (;;) waiting.push(store.updates.append(A, megabyte).committed);
        };
        expect(fill).toThrow(expect.objectContaining({ code: "APPEND_FAILED" }));
        expect(waiting).toHaveLength(LIMITS.pendingAppendBytes / megabyte.update.byteLength - 1);
        const ended = Promise.allSettled(waiting);
        await store.close();
        expect((await ended).every(({ status }) => status === "rejected")).toBe(true);
      });

      test("rejects what waits with SHUTTING_DOWN when it is closed", async () => {
        await breakStore();
        const rejected = expect(append("b").committed).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
        await store.close();
        await rejected;
      });

      test("does not lose appends to a deletion that fails", async () => {
        await breakStore();
        const { committed } = append("b");
        await expect(store.delete(A)).rejects.toMatchObject({ code: "APPEND_FAILED" });
        subject.heal();
        await committed;
        expect(await contents()).toEqual(["first", "b"]);
      });
    });

    test("drain resolves when everything is on disk and rejects after its deadline", async () => {
      const { committed } = append("b");
      await store.updates.drain(5_000);
      expect(store.updates.hasUncommitted(A)).toBe(false);
      await committed;
      await breakStore();
      const waiting = append("c").committed;
      await expect(store.updates.drain(20)).rejects.toMatchObject({ code: "APPEND_FAILED" });
      subject.heal();
      await waiting;
    });

    test("close commits what was taken and may be called again", async () => {
      const { committed } = append("b");
      await store.close();
      await committed;
      await store.close();
    });

    test("a listener of the state is called no more after it ended", async () => {
      const states: StoreState[] = [];
      store.updates.onState(state => states.push(state))();
      await breakStore();
      subject.heal();
      expect(states).toEqual([]);
    });

    describe("each method in each state", () => {
      const calls: Record<string, (documentId: string) => unknown> = {
        create: documentId => store.create(metaOf(documentId), by("user:1", "first")),
        meta: documentId => store.meta(documentId),
        setMeta: documentId => store.setMeta(documentId, { epoch: 2 }),
        delete: documentId => store.delete(documentId),
        probe: () => store.probe(),
        head: documentId => store.updates.head(documentId),
        load: documentId => store.load(documentId),
        append: documentId => store.updates.append(documentId, by("user:1", "b")).committed,
        read: documentId => all(store.updates.read(documentId, 0)),
        owners: documentId => store.updates.owners(documentId),
        transferOwner: documentId => store.updates.transferOwner(documentId, "user:owner", "user:2"),
        newest: documentId => store.checkpoints.newest(documentId),
        newestCompressed: documentId => store.checkpoints.newestCompressed(documentId),
        write: documentId => store.checkpoints.write(documentId, { seq: 1, state: bytes("s"), at: 1 }),
        drain: () => store.updates.drain(10),
      };
      type Expected = Record<keyof typeof calls, string | string[]>;

      const ofUnknown: Expected = {
        create: "ok",
        meta: "ok",
        setMeta: "NOT_FOUND",
        delete: "ok",
        probe: "ok",
        head: "NOT_FOUND",
        load: "ok",
        append: "TypeError",
        read: "NOT_FOUND",
        owners: "NOT_FOUND",
        transferOwner: "NOT_FOUND",
        newest: "NOT_FOUND",
        newestCompressed: "NOT_FOUND",
        write: "NOT_FOUND",
        drain: "ok",
      };
      // The handle may be away while it is reopened.
      const readable = ["ok", "LOAD_FAILED"];
      const states: [string, () => Promise<string>, Expected][] = [
        ["open", async () => A, { ...mapValues(calls, () => "ok"), create: "CONFLICT" }],
        ["unknown document", async () => UNKNOWN, ofUnknown],
        [
          "deleted document",
          async () => {
            await store.delete(A);
            return A;
          },
          { ...ofUnknown, append: "GONE" },
        ],
        [
          "failing",
          async () => {
            await breakStore();
            return A;
          },
          {
            create: "APPEND_FAILED",
            meta: readable,
            setMeta: "APPEND_FAILED",
            delete: "APPEND_FAILED",
            probe: "APPEND_FAILED",
            head: "ok",
            load: readable,
            append: "pending",
            read: readable,
            owners: readable,
            transferOwner: ["pending", "LOAD_FAILED"],
            newest: readable,
            newestCompressed: readable,
            write: "APPEND_FAILED",
            drain: "APPEND_FAILED",
          },
        ],
        [
          "closed",
          async () => {
            await store.close();
            return A;
          },
          { ...mapValues(calls, () => "SHUTTING_DOWN"), drain: "ok" },
        ],
      ];

      for (const [state, enter, expected] of states) {
        for (const [method, call] of Object.entries(calls)) {
          test(`${method}: ${state}`, async () => {
            const documentId = await enter();
            const allowed = [expected[method]!].flat();
            expect(allowed).toContain(await outcome(() => call(documentId), allowed.includes("pending")));
            subject.heal();
          });
        }
      }
    });
  });
}

async function all(records: AsyncIterable<LogRecord>): Promise<LogRecord[]> {
  const list: LogRecord[] = [];
  for await (const record of records) list.push(record);
  return list;
}

/** Implementations may give any kind of byte array. */
function normalized(records: LogRecord[]) {
  return records.map(record => ({ ...record, update: text(record.update) }));
}

function mapValues<T>(of: Record<string, unknown>, value: () => T): Record<string, T> {
  return Object.fromEntries(Object.keys(of).map(key => [key, value()]));
}

/** "ok", the error's code, or the name of the programming mistake; "pending" only where that may be. */
async function outcome(call: () => unknown, mayPend: boolean): Promise<string> {
  const running = (async () => call())();
  return mayPend ? await outcomeSoon(running) : await outcomeOf(running);
}

async function outcomeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "ok";
  } catch (error) {
    if (error instanceof AppError) return error.code;
    if (error instanceof TypeError) return "TypeError";
    throw error;
  }
}

/** "pending" when nothing has come of it after some turns of the event loop. */
async function outcomeSoon(promise: Promise<unknown>): Promise<string> {
  const turns = (async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve));
    return "pending";
  })();
  return await Promise.race([outcomeOf(promise), turns]);
}
