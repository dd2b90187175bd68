import { execFileSync } from "node:child_process";
import { countLost, startTyping } from "../load/losses.ts";
import { pace } from "../load/pace.ts";
import { wait } from "../load/settled.ts";
import { SOMEBODY, Typist } from "../load/typist.ts";
import type { Bench, Scenario } from "../scenario.ts";

/** After this a supervisor kills it. */
const PATIENCE_MS = 15_000;

/** SIGTERM while people type, and the same when the disk takes nothing more. */
export const shutdown: Scenario = {
  name: "shutdown",
  rounds: 1,
  rows: [
    { what: "SIGTERM to exit, 20 people typing", unit: "ms", of: "exitMs", target: { atMost: 5_000 } },
    { what: "– acknowledged edits lost by it", unit: "", of: "lost", target: { atMost: 0 } },
    {
      what: `SIGTERM to exit when storing fails (waited for ${PATIENCE_MS / 1_000} s)`,
      unit: "ms",
      of: "failingMs",
      target: { atMost: 5_000 },
    },
    { what: "– acknowledged edits lost by it", unit: "", of: "failingLost", target: { atMost: 0 } },
  ],
  async run(bench) {
    const healthy = await end(bench, () => {});
    const failing = await end(bench, pid => {
      // No file may grow any more: every write fails, as on a full disk.
      execFileSync("prlimit", [`--pid=${pid}`, "--fsize=0:"]);
    });
    return {
      exitMs: healthy.exitMs,
      failingMs: failing.exitMs,
      lost: healthy.lost,
      failingLost: failing.lost,
    };
  },
};

async function end(bench: Bench, before: (pid: number) => void): Promise<{ exitMs: number; lost: number }> {
  const documents = bench.size(20, 3);
  const stage = await bench.open(Array.from({ length: documents }, () => undefined));
  const people = await stage.people(Array.from({ length: documents }, (_, index) => index));
  const typed = startTyping(
    people,
    people.map((_, index) => new Typist(SOMEBODY + index)),
  );
  const perSecond = documents * 10;
  await pace(perSecond * bench.size(3, 1), perSecond, index => typed[index % documents]!.type());
  before(stage.server.pid);
  for (const one of typed) one.type();
  await wait(50);
  const startedAt = performance.now();
  let exitMs = PATIENCE_MS;
  try {
    await stage.stop(PATIENCE_MS);
    exitMs = performance.now() - startedAt;
  } catch {
    await stage.kill();
  }
  await stage.start();
  return { exitMs, lost: (await countLost(stage, typed)).acked };
}
