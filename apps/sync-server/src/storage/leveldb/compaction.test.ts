import { eventually } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { Compaction } from "./compaction.ts";
import type { KeyRange } from "./keys.ts";
import { rangesOfDocument, readDocNo } from "./keys.ts";

const MIB = 1024 * 1024;

/** A database whose compactions take 10 ms of a clock that only they move. */
function compactions() {
  let now = 0;
  const ranges: KeyRange[] = [];
  const done: { docNo: number; at: number }[] = [];
  const control = { isOpen: true, attempts: 0 };
  const compaction = new Compaction({
    database: {
      async compact(range) {
        control.attempts++;
        if (!control.isOpen) return false;
        ranges.push(range);
        now += 10;
        return true;
      },
    },
    clock: { now: () => now, monotonic: () => now },
    onCompacted: docNo => done.push({ docNo, at: now }),
  });
  return { compaction, ranges, done, control };
}

test("C6 deleted records of a document are compacted away once they are two mebibytes", async () => {
  const { compaction, ranges, done } = compactions();
  compaction.deleted(7, 1.2 * MIB);
  compaction.deleted(8, 1.2 * MIB);
  compaction.deleted(7, 1.2 * MIB);
  await eventually(() => done.length === 1);
  expect(ranges).toEqual(rangesOfDocument(7));
  expect(ranges.every(({ gte }) => readDocNo(gte) === 7)).toBe(true);
  await compaction.close();
  expect(done).toHaveLength(1);
});

test("C6 a deleted document is compacted away however small it was", async () => {
  const { compaction, done } = compactions();
  compaction.purge(3);
  await eventually(() => done.length === 1);
  expect(done[0]).toMatchObject({ docNo: 3 });
  await compaction.close();
});

test("C6 compactions are one at a time, and take a twentieth of the time", async () => {
  const { compaction, done } = compactions();
  for (const docNo of [1, 2, 3]) compaction.purge(docNo);
  await eventually(() => done.length === 1);
  await compaction.close();
  expect(done).toEqual([{ docNo: 1, at: 10 * rangesOfDocument(1).length }]);
});

test("C6 a compaction that finds the store closed is tried again", async () => {
  const { compaction, control, done } = compactions();
  control.isOpen = false;
  compaction.purge(1);
  await eventually(() => control.attempts > 0);
  control.isOpen = true;
  await eventually(() => done.length === 1, { withinMs: 5_000 });
  await compaction.close();
});
