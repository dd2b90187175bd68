/**
 * Half an hour of people who come, type, leave, reload and are cut off, against a server in a process of its own, and
 * whether anything grows: heap, memory, timers, handles, files. Everybody leaves between two spells of churn; what is
 * compared are these pauses, when no room and no connection may be left.
 *
 *   npm run bench -- soak --minutes 30 [--people 40] [--seed n]
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { createRandom } from "@octavo/test-kit";
import { churn, type Kind } from "./load/churn.ts";
import { describeTrend, type Sample, startWatched, trendsOf } from "./load/watched-server.ts";

export interface SoakPlan {
  minutes: number;
  people: number;
  seed: number | undefined;
}

/** Pauses before the first that counts: caches fill, code is compiled. */
const WARM_UP = 3;

/** Runs the churn; `tell` gets a line at each pause. */
export async function soak(plan: SoakPlan, tell: (line: string) => void = () => {}) {
  const random = createRandom(plan.seed);
  await using server = await startWatched();
  const samples: Sample[] = [];
  const opened: Partial<Record<Kind, number>> = {};
  let acknowledged = 0;
  const spellMs = Math.min(60_000, Math.max(3_000, (plan.minutes * 60_000) / 12));
  const stalls = monitorEventLoopDelay({ resolution: 20 });
  stalls.enable();
  const startedAt = performance.now();
  while (performance.now() - startedAt < plan.minutes * 60_000 || samples.length < WARM_UP + 3) {
    const done = await churn(server, { people: plan.people, ms: spellMs, random }).catch(async cause => {
      // A machine that cannot keep up fails requests that a quiet one answers.
      const own = `${Math.round(stalls.max / 1e6)} ms here, ${await server.longestStallMs()} ms in the server`;
      throw new Error(`The churn broke off; longest stalls: ${own}`, { cause });
    });
    for (const [kind, count] of Object.entries(done.opened))
      opened[kind as Kind] = (opened[kind as Kind] ?? 0) + count;
    acknowledged += done.acknowledged;
    samples.push(await server.sampleAtRest());
    tell(
      JSON.stringify({ minute: ((performance.now() - startedAt) / 60_000).toFixed(1), ...samples.at(-1) }),
    );
  }
  const minutes = (performance.now() - startedAt) / 60_000;
  return {
    seed: random.seed,
    minutes,
    opened,
    acknowledged,
    samples,
    trends: trendsOf(samples.slice(WARM_UP)),
    errors: server.errors(),
  };
}

export type SoakResult = Awaited<ReturnType<typeof soak>>;

/** True when nothing grew and nothing was logged as an error. */
export const isFlat = (result: SoakResult): boolean =>
  result.trends.every(({ isFlat }) => isFlat) && result.errors.length === 0;

/** The block for docs/operations.md. */
async function markdown(result: SoakResult, plan: SoakPlan): Promise<string> {
  const opened = Object.entries(result.opened).map(([kind, count]) => `${count} by ${kind}`);
  return [
    `${new Date().toISOString().slice(0, 10)}, ${await hardware()}:`,
    `${result.minutes.toFixed(0)} minutes of ${plan.people} people at a time, seed ${result.seed}; opened ${opened.join(", ")};`,
    `${result.acknowledged} edits acknowledged; ${result.samples.length} pauses, the first ${WARM_UP} not counted.`,
    "",
    "| At rest | first | last | growth over the run | allowed | |",
    "|---|---|---|---|---|---|",
    ...result.trends.map(describeTrend),
    "",
    `Errors in the log: ${result.errors.length}. Verdict: ${isFlat(result) ? "flat" : "NOT FLAT"}.`,
  ].join("\n");
}

async function hardware(): Promise<string> {
  const [cpu, ...others] = cpus();
  const memoryGib = (totalmem() / 2 ** 30).toFixed(0);
  return `${cpu?.model ?? "unknown processor"}, ${others.length + 1} cores, ${memoryGib} GiB, ${await disk()}, Linux ${release()}, Node ${process.version}`;
}

/** The kind of file system under the temporary directory, and whether its disk turns. */
async function disk(): Promise<string> {
  const types: Record<number, string> = {
    61267: "ext4",
    1481003842: "XFS",
    2435016766: "btrfs",
    16914836: "tmpfs",
  };
  const kind = types[(await statfs(process.env.TMPDIR ?? "/tmp")).type] ?? "unknown file system";
  try {
    const root = /^(\S+) \/ /m.exec(readFileSync("/proc/mounts", "utf8"))?.[1]?.replace(/^\/dev\/|\d+$/g, "");
    const turns = readFileSync(`/sys/block/${root}/queue/rotational`, "utf8").trim() === "1";
    return `${kind} on ${root?.startsWith("vd") ? "a virtual disk" : turns ? "a hard disk" : "a solid-state disk"}`;
  } catch {
    return kind;
  }
}

if (import.meta.main) {
  // Each provider of y-websocket listens for the end of the process.
  process.setMaxListeners(0);
  const { values } = parseArgs({
    options: { minutes: { type: "string" }, people: { type: "string" }, seed: { type: "string" } },
  });
  const plan: SoakPlan = {
    minutes: Number(values.minutes ?? 30),
    people: Number(values.people ?? 40),
    seed: values.seed === undefined ? undefined : Number(values.seed),
  };
  const result = await soak(plan, line => console.error(line));
  console.log(`\n${await markdown(result, plan)}`);
  for (const line of result.errors.slice(0, 20)) console.error(line);
  if (process.stdout.writableLength > 0) await once(process.stdout, "drain");
  process.exit(isFlat(result) ? 0 : 1);
}
