import { join } from "node:path";
import { eventually } from "@octavo/test-kit/eventually";
import { temporaryDirectory } from "@octavo/test-kit/temp-directory";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../clock.ts";
import type { DocumentStore } from "../document-store.ts";
import { defaultLevel, type LevelDatabase, type LevelFactory } from "./database.ts";
import { diskFull, type Fault, faultyLevel } from "./faulty-level.ts";
import { documentKey, logKey } from "./keys.ts";
import { openLevelDocumentStore } from "./open.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const noDelay = () => new Promise<void>(resolve => setImmediate(resolve));
const meta = (documentId: string) =>
  ({ documentId, epoch: 1, schemaVersion: 1, kind: "document", createdAt: 0 }) as const;

async function openFaulty(next: (operation: "batch" | "open") => Fault | undefined) {
  const directory = await temporaryDirectory();
  const faulty = faultyLevel(defaultLevel, next);
  const options = { directory: join(directory.path, "documents"), clock: systemClock, delay: noDelay };
  const store = await openLevelDocumentStore({ ...options, level: faulty.level });
  const again = () => openLevelDocumentStore(options);
  return { store, again, writesAfterFailure: faulty.writesAfterFailure, directory };
}

/** What a caller does who is told APPEND_FAILED: the outcome is unknown, it tries again. */
async function insist(attempt: () => Promise<void>): Promise<void> {
  await eventually(async () => {
    try {
      await attempt();
    } catch (error) {
      if ((error as { code?: string }).code === "CONFLICT") return true;
      throw error;
    }
    return true;
  });
}

/** A bit of everything that writes. Returns what was acknowledged. */
async function live(store: DocumentStore): Promise<string[]> {
  await insist(() => store.create(meta("a"), { update: bytes("u1"), actor: "user:1", claims: [1] }));
  await insist(() => store.create(meta("b"), { update: bytes("b"), actor: "user:1", claims: [1] }));
  await eventually(() => store.updates.head("a"));
  const acknowledged = ["u1"];
  for (let round = 0; round < 3; round++) {
    const appended = Array.from({ length: 4 }, () => {
      const update = `u${acknowledged.length + 1}`;
      acknowledged.push(update);
      return store.updates.append("a", {
        update: bytes(update),
        actor: `user:${round}`,
        claims: [round + 10],
      });
    });
    await Promise.all(appended.map(({ committed }) => committed));
    const seq = acknowledged.length;
    await insist(() => store.checkpoints.write("a", { seq, state: bytes(`state ${seq}`), at: 0 }));
  }
  await eventually(() => store.updates.transferOwner("a", "user:1", "user:9").then(() => true));
  await insist(() => store.setMeta("a", { epoch: 2 }));
  await insist(() => store.delete("b"));
  return acknowledged;
}

async function stateOf(store: DocumentStore) {
  const updates: string[] = [];
  for await (const { update } of store.updates.read("a", 0)) updates.push(new TextDecoder().decode(update));
  const newest = await store.checkpoints.newest("a");
  return {
    updates,
    head: await store.updates.head("a"),
    owners: Object.fromEntries(await store.updates.owners("a")),
    checkpoint: newest && new TextDecoder().decode(newest.state),
    epoch: (await store.meta("a"))?.epoch,
    b: await store.meta("b"),
  };
}

const expectedAfter = (acknowledged: string[]) => ({
  updates: acknowledged,
  head: acknowledged.length,
  owners: { 1: "user:9", 10: "user:0", 11: "user:9", 12: "user:2" },
  checkpoint: `state ${acknowledged.length}`,
  epoch: 2,
  b: undefined,
});

describe("a write that fails", () => {
  /** Counts the operations of `live` without a fault, after the store is open. */
  async function countOperations(): Promise<number> {
    let count = 0;
    const { store, directory } = await openFaulty(() => {
      count++;
      return undefined;
    });
    const before = count;
    await live(store);
    await store.close();
    await directory.remove();
    return count - before;
  }

  for (const afterwards of [false, true]) {
    const when = afterwards ? "after the bytes were taken" : "before";
    test(`X4 at any place, ${when}, loses nothing, repeats nothing and uses no failed handle`, async () => {
      const operations = await countOperations();
      expect(operations).toBeGreaterThan(10);
      for (let failing = 1; failing <= operations; failing++) {
        let count = Number.NEGATIVE_INFINITY;
        const opened = await openFaulty(() => {
          count++;
          return count === failing ? { error: diskFull(), afterwards } : undefined;
        });
        count = 0;
        const acknowledged = await live(opened.store);
        expect(await stateOf(opened.store)).toEqual(expectedAfter(acknowledged));
        expect(opened.store.updates.state).toEqual({ writable: true });
        await opened.store.close();
        const store = await opened.again();
        expect(await stateOf(store)).toEqual(expectedAfter(acknowledged));
        expect(opened.writesAfterFailure()).toBe(0);
        await store.close();
        await opened.directory.remove();
      }
    });
  }

  test("X3 because the disk is full says so in plain words and is over when there is room, without a restart", async () => {
    let isFull = false;
    const { store, directory, writesAfterFailure } = await openFaulty(operation =>
      isFull && operation === "batch" ? { error: diskFull() } : undefined,
    );
    await store.create(meta("a"), { update: bytes("u1"), actor: "user:1", claims: [] });
    await store.updates.head("a");
    isFull = true;
    const append = () =>
      store.updates.append("a", { update: bytes("u"), actor: "user:1", claims: [] }).committed;
    const waiting = [append(), append()];
    await eventually(() => !store.updates.state.writable);
    expect(store.updates.state).toEqual({ writable: false, reason: "The disk is full." });
    waiting.push(append());
    isFull = false;
    await Promise.all(waiting);
    expect(await store.updates.head("a")).toBe(4);
    expect(store.updates.state).toEqual({ writable: true });
    expect(writesAfterFailure()).toBe(0);
    await store.close();
    await directory.remove();
  });

  test("X4 is also overcome when reopening fails some times", async () => {
    let failures = 0;
    const { store, directory } = await openFaulty(operation => {
      if (failures === 0 || (failures < 6 && operation === "batch")) return undefined;
      return failures-- > 0 ? { error: new Error("IO error: Input/output error") } : undefined;
    });
    await store.create(meta("a"), { update: bytes("u1"), actor: "user:1", claims: [] });
    await store.updates.head("a");
    failures = 6;
    await store.updates.append("a", { update: bytes("u2"), actor: "user:1", claims: [] }).committed;
    expect(failures).toBe(0);
    await store.close();
    await directory.remove();
  });

  test("X4 keeps the store from writing when an acknowledged record is missing afterwards", async () => {
    let isFull = false;
    const directory = await temporaryDirectory();
    let handle = defaultLevel(join(directory.path, "unused"));
    const { level } = faultyLevel(
      path => {
        handle = defaultLevel(path);
        return handle;
      },
      operation => {
        if (!isFull || operation !== "batch") return undefined;
        isFull = false;
        return { error: diskFull() };
      },
    );
    const store = await openLevelDocumentStore({
      directory: join(directory.path, "documents"),
      clock: systemClock,
      level,
      delay: noDelay,
    });
    await store.create(meta("a"), { update: bytes("u1"), actor: "user:1", claims: [] });
    await store.updates.head("a");
    // Behind the store's back, as a disk that forgets would.
    await handle.del(logKey(1, 1));
    isFull = true;
    const rejected = expect(
      store.updates.append("a", { update: bytes("u2"), actor: "user:1", claims: [] }).committed,
    ).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    await eventually(() => {
      const { state } = store.updates;
      return !state.writable && state.reason === "Saved text is missing on the disk.";
    });
    await store.close();
    await rejected;
    await directory.remove();
  });
});

test("C4 the log is trimmed only after the newer checkpoint is on disk", async () => {
  await using directory = await temporaryDirectory();
  const written: string[] = [];
  const level: LevelFactory = path => {
    const handle = defaultLevel(path);
    const batch = handle.batch.bind(handle) as (...args: unknown[]) => Promise<void>;
    const recording = async (...args: unknown[]) => {
      await batch(...args);
      for (const { type, key } of args[0] as { type: string; key: Buffer }[])
        written.push(`${type} ${key.toString("hex")}`);
    };
    return Object.assign(handle, { batch: recording }) as LevelDatabase;
  };
  const store = await openLevelDocumentStore({
    directory: join(directory.path, "documents"),
    clock: systemClock,
    level,
  });
  await store.create(meta("a"), { update: bytes("u1"), actor: "user:1", claims: [] });
  await store.updates.head("a");
  await store.updates.append("a", { update: bytes("u2"), actor: "user:1", claims: [] }).committed;
  await store.checkpoints.write("a", { seq: 1, state: bytes("one"), at: 0 });
  written.length = 0;
  await store.checkpoints.write("a", { seq: 2, state: bytes("two"), at: 0 });
  const pointed = written.indexOf(`put ${documentKey("a").toString("hex")}`);
  const trimmed = written.indexOf(`del ${logKey(1, 1).toString("hex")}`);
  expect(pointed).toBeGreaterThanOrEqual(0);
  expect(trimmed).toBeGreaterThan(pointed);
  await store.close();
});
