import { fork } from "node:child_process";
import { once } from "node:events";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { eventually, repositoryPath, temporaryDirectory } from "@octavo/test-kit";
import { type ProcessUsage, processUsage } from "./process-usage.ts";
import type { OpenTask, ReplayTask, Result } from "./replay-client.ts";
import type { RunningTarget, Target } from "./targets.ts";

/** What one server did with the history; undefined where the system does not tell. */
export interface Measurement {
  target: string;
  answer: string;
  edits: number;
  wallMs: number;
  /** Until it had stored everything and was quiet. */
  cpuMs: number | undefined;
  writtenBytes: number | undefined;
  peakRssBytes: number | undefined;
  /** Of its data directory, once it was stopped. */
  storedBytes: number;
  /** First opening after a start: median of the rounds. */
  openMs: number;
  openBytes: number;
}

export interface Plan {
  edits: number;
  window: number;
  /** Starts of the server with one opening each. */
  opens: number;
}

/** A server that stores later is given this long without any work before it counts as done. */
const QUIET_MS = 3_000;

/** Replays the history into a fresh server, then opens the document after a restart. @throws Error when text is lost */
export async function measure(target: Target, plan: Plan): Promise<Measurement> {
  await using directory = await temporaryDirectory("octavo-bench-");
  const [document] = (await target.seed(directory.path, [undefined])) as [string];
  const place = { target, directory: directory.path, document };
  const { result, before, after } = await measureReplay(place, plan);
  const storedBytes = await directoryBytes(directory.path);
  const opens: Result[] = [];
  for (let round = 0; round < plan.opens; round++) {
    const open = await measureOpen(place, result.length);
    if (open.hash !== result.hash) throw new Error(`${target.title} gave back another text than was written`);
    opens.push(open);
  }
  return {
    target: target.title,
    answer: target.answer,
    edits: result.edits,
    wallMs: result.ms,
    cpuMs: after && before && after.cpuMs - before.cpuMs,
    writtenBytes: after && before && after.writtenBytes - before.writtenBytes,
    peakRssBytes: after?.peakRssBytes,
    storedBytes,
    openMs: median(opens.map(open => open.ms)),
    openBytes: median(opens.map(open => open.bytesRead)),
  };
}

interface Place {
  target: Target;
  directory: string;
  document: string;
}

async function measureReplay({ target, directory, document }: Place, { edits, window }: Plan) {
  const server = await target.start(directory);
  try {
    const address = await server.address(document);
    const before = await processUsage(server.pid);
    const result = await runClient({ kind: "replay", edits, window, ...address });
    const after = await usageWhenQuiet(server);
    return { result, before, after };
  } finally {
    await server.stop();
  }
}

async function measureOpen({ target, directory, document }: Place, length: number): Promise<Result> {
  const server = await target.start(directory);
  try {
    return await runClient({ kind: "open", length, ...(await server.address(document)) });
  } finally {
    await server.stop();
  }
}

async function runClient(task: ReplayTask | OpenTask): Promise<Result> {
  const child = fork(repositoryPath("bench/replay-client.ts"), {
    execArgv: ["--conditions=octavo-source"],
  });
  const result = once(child, "message") as Promise<[Result]>;
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`The client ended with ${code}`);
  });
  child.send(task);
  const [value] = await Promise.race([result, ended]);
  ended.catch(() => {});
  return value;
}

/** The usage once nothing more happens: stores are often debounced by seconds. */
async function usageWhenQuiet({ pid }: RunningTarget): Promise<ProcessUsage | undefined> {
  let last = await processUsage(pid);
  if (last === undefined) return undefined;
  let since = performance.now();
  return eventually(
    async () => {
      const usage = (await processUsage(pid)) as ProcessUsage;
      // Timers of an idle server take a tick now and then.
      const isBusy = usage.writtenBytes !== last?.writtenBytes || usage.cpuMs - last.cpuMs > 20;
      if (isBusy) {
        last = usage;
        since = performance.now();
      }
      return performance.now() - since > QUIET_MS ? usage : undefined;
    },
    { withinMs: 120_000, what: "the server to be quiet" },
  );
}

async function directoryBytes(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true });
  const sizes = entries.map(async entry => {
    const inner = join(path, entry.name);
    return entry.isDirectory() ? directoryBytes(inner) : (await lstat(inner)).size;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}
