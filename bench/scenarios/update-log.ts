import { temporaryDirectory } from "@octavo/test-kit";
import { measurePuts, measureUpdateLog, type WriterPlan } from "../log-writers.ts";
import type { Scenario } from "../scenario.ts";

/** The write-ahead log alone, without a server; beside it one LevelDB put an update, which is not durable. */
export const updateLog: Scenario = {
  name: "update-log",
  rounds: 3,
  rows: [
    {
      what: "durable updates/s at the log, 100 writers (beside: LevelDB puts without fsync)",
      unit: "1/s",
      of: "perSecond",
      target: { atLeast: 50_000 },
    },
  ],
  async run(bench) {
    await using directory = await temporaryDirectory("octavo-bench-");
    const plan: WriterPlan = { directory: directory.path, writers: 100, seconds: bench.size(2, 0.1) };
    const { perSecond, p50, p99 } =
      bench.target.name === "octavo"
        ? await measureUpdateLog(plan)
        : await measurePuts(plan, { sync: false });
    return { perSecond, p50, p99 };
  },
};
