import { AppError } from "@octavo/schema";
import { afterEach, describe, expect, test, vi } from "vitest";
import { GroupCommit } from "./group-commit.ts";
import { KeyedQueue } from "./keyed-queue.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** Lets everything run that does not wait for the test. */
const settle = () => new Promise<void>(resolve => setImmediate(resolve));

/** A target whose writes end when the test says so. */
function steered(options: { maxWaitingBytes?: number } = {}) {
  const batches: string[][] = [];
  const delays: number[] = [];
  let reopened = 0;
  let end: ((error?: Error) => void) | undefined;
  const commit = new GroupCommit<string>(
    {
      write(operations) {
        if (end) throw new TypeError("a second write while one is in flight");
        batches.push(operations);
        return new Promise((resolve, reject) => {
          end = error => {
            end = undefined;
            if (error) reject(error);
            else resolve();
          };
        });
      },
      async reopen() {
        reopened++;
      },
      reasonOf: error => (error as Error).message,
    },
    {
      maxWaitingBytes: options.maxWaitingBytes ?? 1e9,
      delay: async ms => {
        delays.push(ms);
      },
    },
  );
  const settled: string[] = [];
  const add = (name: string, more: { bytes?: number; retry?: boolean; documentId?: string } = {}) =>
    commit.add({
      operations: [name],
      bytes: 1,
      retry: true,
      settle: error => settled.push(error ? `${name}: ${error.code}` : name),
      ...more,
    });
  const finish = async (error?: Error) => {
    end?.(error);
    await settle();
  };
  return { commit, add, finish, batches, settled, delays, reopened: () => reopened };
}

describe("group commit", () => {
  test("keeps one write in flight; what is added meanwhile forms the next", async () => {
    const { add, finish, batches, settled } = steered();
    for (const name of "abc") add(name);
    await settle();
    for (const name of "de") add(name);
    await settle();
    expect(batches).toEqual([["a", "b", "c"]]);
    expect(settled).toEqual([]);
    await finish();
    expect(batches).toEqual([
      ["a", "b", "c"],
      ["d", "e"],
    ]);
    expect(settled).toEqual(["a", "b", "c"]);
    await finish();
    expect(settled).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("W7 lets commits that follow each other closely wait for company, and then go as one", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const { commit, add, finish, batches } = steered();
    for (let i = 0; i < 8; i++) {
      add(`before ${i}`);
      await settle();
      await finish();
    }
    expect(batches.length).toBe(8);
    add("first");
    await settle();
    add("second");
    await settle();
    expect(batches.length).toBe(8);
    vi.advanceTimersByTime(6);
    await settle();
    expect(batches.slice(8)).toEqual([["first", "second"]]);
    await finish();
    // Enough of them wait for nobody.
    for (let i = 0; i < 64; i++) {
      expect(batches.length).toBe(9);
      add("more");
      await settle();
    }
    expect(batches.at(-1)!.length).toBe(64);
    await finish();
    // Nor does a store that is closed.
    add("last");
    await settle();
    expect(batches.length).toBe(10);
    const closed = commit.close();
    await settle();
    expect(batches.at(-1)).toEqual(["last"]);
    await finish();
    await closed;
  });

  test("W7 takes nothing into a commit that was discarded while it waited for company", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const { commit, add, finish, batches, settled } = steered();
    for (let i = 0; i < 8; i++) {
      add("before");
      await settle();
      await finish();
    }
    add("gone", { documentId: "a" });
    await settle();
    commit.discard("a", new AppError("GONE"));
    vi.advanceTimersByTime(6);
    await settle();
    await commit.idle();
    expect([batches.length, settled.at(-1)]).toEqual([8, "gone: GONE"]);
  });

  test("splits what would be too large for one batch, and never splits one commit", async () => {
    const { add, finish, batches } = steered();
    const mebibyte = 1024 * 1024;
    add("large", { bytes: 9 * mebibyte });
    for (const name of "abcde") add(name, { bytes: mebibyte });
    await settle();
    for (let i = 0; i < 3; i++) await finish();
    expect(batches).toEqual([["large"], ["a", "b", "c", "d"], ["e"]]);
  });

  test("W3 writes again, in order, what may be repeated, and gives up what may not", async () => {
    const { commit, add, finish, batches, settled, reopened } = steered();
    for (const name of "aA") add(name);
    add("once", { retry: false });
    await settle();
    add("b");
    add("later", { retry: false });
    await finish(new Error("full"));
    expect(settled).toEqual(["once: APPEND_FAILED", "later: APPEND_FAILED"]);
    expect(commit.state).toEqual({ writable: false, reason: "full" });
    expect(reopened()).toBe(1);
    expect(batches.at(-1)).toEqual(["a", "A", "b"]);
    await finish();
    expect(settled.slice(2)).toEqual(["a", "A", "b"]);
    expect(commit.state).toEqual({ writable: true });
  });

  test("W3 tries at once, then waits longer each time, up to 2 s, until a batch is on disk", async () => {
    const { add, finish, delays } = steered();
    add("a");
    await settle();
    for (let i = 0; i < 8; i++) await finish(new Error("full"));
    expect(delays).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
    await finish();
    add("b");
    await settle();
    await finish(new Error("full"));
    await finish();
    expect(delays).toHaveLength(7);
  });

  test("discards of one document what waits at once, and what is in flight when that ends", async () => {
    const { commit, add, finish, batches, settled } = steered();
    add("a1", { documentId: "a" });
    add("b1", { documentId: "b" });
    await settle();
    add("a2", { documentId: "a" });
    add("b2", { documentId: "b" });
    commit.discard("a", new AppError("GONE"));
    expect(settled).toEqual(["a2: GONE"]);
    await finish(new Error("full"));
    expect(settled).toEqual(["a2: GONE", "a1: GONE"]);
    expect(batches.at(-1)).toEqual(["b1", "b2"]);
    await finish();
    expect(settled.slice(2)).toEqual(["b1", "b2"]);
  });

  test("counts in flight and waiting bytes, and frees them whatever becomes of the commit", async () => {
    const { commit, add, finish } = steered({ maxWaitingBytes: 10 });
    add("a", { bytes: 6 });
    await settle();
    add("b", { bytes: 4, documentId: "b" });
    expect(() => add("c")).toThrow(expect.objectContaining({ code: "APPEND_FAILED" }));
    commit.discard("b", new AppError("GONE"));
    add("c", { bytes: 4 });
    await finish();
    await finish();
    add("d", { bytes: 10 });
    await settle();
    await finish();
  });

  test("closes after what it has taken", async () => {
    const { commit, add, finish, settled } = steered();
    add("a");
    await settle();
    add("b");
    const closed = commit.close();
    expect(() => add("c")).toThrow(expect.objectContaining({ code: "SHUTTING_DOWN" }));
    await finish();
    await finish();
    await closed;
    expect(settled).toEqual(["a", "b"]);
  });

  test("closes also when the last write fails", async () => {
    const { commit, add, finish, settled } = steered();
    add("a");
    await settle();
    add("b");
    const closed = commit.close();
    await finish(new Error("full"));
    await closed;
    expect(settled).toEqual(["a: SHUTTING_DOWN", "b: SHUTTING_DOWN"]);
  });
});

test("a keyed queue runs one key's tasks in order, also after a failure, and keys apart", async () => {
  const queue = new KeyedQueue();
  const ran: string[] = [];
  let release = () => {};
  const gate = new Promise<void>(resolve => {
    release = resolve;
  });
  const first = queue.run("a", async () => {
    await gate;
    throw new Error("first");
  });
  const second = queue.run("a", async () => ran.push("second"));
  await queue.run("b", async () => ran.push("other"));
  expect(ran).toEqual(["other"]);
  release();
  await expect(first).rejects.toThrow("first");
  await second;
  expect(ran).toEqual(["other", "second"]);
});
