import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { systemClock } from "@octavo/sync-server/clock";
import { openLevelDocumentStore } from "@octavo/sync-server/storage/leveldb/open";
import { Level } from "level";
import { percentile } from "./scenario.ts";

/** One typed letter as a Yjs update. */
const UPDATE = randomBytes(24);

export interface WriterResult {
  perSecond: number;
  /** Milliseconds until the acknowledgement. */
  p50: number;
  p99: number;
}

export interface WriterPlan {
  /** Empty, and the caller's. */
  directory: string;
  writers: number;
  seconds: number;
}

type Write = (writer: number) => Promise<unknown>;

/** Writers who each wait for their acknowledgement, at the contract of the update log. */
export async function measureUpdateLog({ directory, writers, seconds }: WriterPlan): Promise<WriterResult> {
  const store = await openLevelDocumentStore({ directory: join(directory, "documents"), clock: systemClock });
  const initial = { update: UPDATE, actor: "user:bench", claims: [] };
  for (let writer = 0; writer < writers; writer++) {
    const documentId = `document-${writer}`;
    await store.create({ documentId, epoch: 1, schemaVersion: 1, kind: "raw", createdAt: 0 }, initial);
    await store.updates.head(documentId);
  }
  const result = await measure(writers, seconds, writer => {
    return store.updates.append(`document-${writer}`, { update: UPDATE, actor: "user:bench", claims: [] })
      .committed;
  });
  await store.close();
  return result;
}

/** The same work as one LevelDB put an update. */
export async function measurePuts(
  { directory, writers, seconds }: WriterPlan,
  options: { sync: boolean },
): Promise<WriterResult> {
  const level = new Level<string, Uint8Array>(directory, { valueEncoding: "view" });
  await level.open();
  const seqs = Array.from({ length: writers }, () => 0);
  const result = await measure(writers, seconds, writer => {
    seqs[writer] = (seqs[writer] ?? 0) + 1;
    return level.put(`document-${writer}:${String(seqs[writer]).padStart(12, "0")}`, UPDATE, options);
  });
  await level.close();
  return result;
}

async function measure(writers: number, seconds: number, write: Write): Promise<WriterResult> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let before = performance.now(); before < end; before = performance.now()) {
        await write(writer);
        latencies.push(performance.now() - before);
      }
    }),
  );
  const perSecond = (latencies.length * 1000) / (performance.now() - start);
  return {
    perSecond,
    p50: percentile(latencies, 0.5) ?? Number.NaN,
    p99: percentile(latencies, 0.99) ?? Number.NaN,
  };
}
