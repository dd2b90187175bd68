/**
 * Durable updates per second and time to the acknowledgement, at the contract of the update log, with 1, 10 and 100
 * writers who each wait for their acknowledgement; beside it, in the same run, one LevelDB put an update: with fsync,
 * which is what the log has to beat, and without, which is not durable.
 *
 *   npm run bench -- update-log [seconds]
 */
import { temporaryDirectory } from "@octavo/test-kit";
import { measurePuts, measureUpdateLog, type WriterPlan, type WriterResult } from "./log-writers.ts";

const WRITERS = [1, 10, 100];
const seconds = Number(process.argv[2] ?? 3);

async function run(
  writers: number,
  measure: (plan: WriterPlan) => Promise<WriterResult>,
): Promise<WriterResult> {
  await using directory = await temporaryDirectory("octavo-bench-");
  return await measure({ directory: directory.path, writers, seconds });
}

const rows: Record<string, string>[] = [];
for (const writers of WRITERS) {
  const log = await run(writers, measureUpdateLog);
  const durable = await run(writers, plan => measurePuts(plan, { sync: true }));
  const volatile = await run(writers, plan => measurePuts(plan, { sync: false }));
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
