/**
 * Durable updates per second and time to the acknowledgement, at the contract of the update log, with 1, 10 and 100
 * writers who each wait for their acknowledgement; beside it, in the same run, one LevelDB put an update: with fsync,
 * which is what the log has to beat, and without, which is not durable.
 *
 *   node --conditions=octavo-source bench/update-log.ts [seconds]
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@octavo/sync-server/clock";
import { openLevelDocumentStore } from "@octavo/sync-server/storage/leveldb/open";
import { Level } from "level";

const WRITERS = [1, 10, 100];
/** One typed letter as a Yjs update. */
const UPDATE = randomBytes(24);
const seconds = Number(process.argv[2] ?? 3);

interface Result {
  perSecond: number;
  p50: number;
  p99: number;
}

type Write = (writer: number) => Promise<unknown>;

async function measure(writers: number, write: Write): Promise<Result> {
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
  const elapsed = (performance.now() - start) / 1000;
  latencies.sort((a, b) => a - b);
  const percentile = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN;
  return { perSecond: latencies.length / elapsed, p50: percentile(0.5), p99: percentile(0.99) };
}

async function updateLog(directory: string, writers: number): Promise<Result> {
  const store = await openLevelDocumentStore({ directory: join(directory, "documents"), clock: systemClock });
  const initial = { update: UPDATE, actor: "user:bench", claims: [] };
  for (let writer = 0; writer < writers; writer++) {
    const documentId = `document-${writer}`;
    await store.create({ documentId, epoch: 1, schemaVersion: 1, kind: "raw", createdAt: 0 }, initial);
    await store.updates.head(documentId);
  }
  const result = await measure(writers, writer => {
    return store.updates.append(`document-${writer}`, { update: UPDATE, actor: "user:bench", claims: [] })
      .committed;
  });
  await store.close();
  return result;
}

async function plainPuts(directory: string, writers: number, sync: boolean): Promise<Result> {
  const level = new Level<string, Uint8Array>(directory, { valueEncoding: "view" });
  await level.open();
  const seqs = Array.from({ length: writers }, () => 0);
  const result = await measure(writers, writer => {
    seqs[writer] = (seqs[writer] ?? 0) + 1;
    return level.put(`document-${writer}:${String(seqs[writer]).padStart(12, "0")}`, UPDATE, { sync });
  });
  await level.close();
  return result;
}

async function inTemporaryDirectory<T>(run: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "octavo-bench-"));
  try {
    return await run(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const rows: Record<string, string>[] = [];
for (const writers of WRITERS) {
  const log = await inTemporaryDirectory(directory => updateLog(directory, writers));
  const durable = await inTemporaryDirectory(directory => plainPuts(directory, writers, true));
  const volatile = await inTemporaryDirectory(directory => plainPuts(directory, writers, false));
  for (const [name, result] of Object.entries({
    "update log": log,
    "put, fsync": durable,
    "put, no fsync": volatile,
  })) {
    rows.push({
      writers: String(writers),
      what: name,
      "updates/s": Math.round(result.perSecond).toLocaleString("en"),
      "ratio to put, fsync": (result.perSecond / durable.perSecond).toFixed(1),
      "ack p50 ms": result.p50.toFixed(2),
      "ack p99 ms": result.p99.toFixed(2),
    });
  }
}
console.table(rows);
