import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";

/** What a process and its children have used since its start, as the Linux kernel counts it; undefined elsewhere. */
export interface ProcessUsage {
  /** User and system time of all threads, and of the children, those that ended too. */
  cpuMs: number;
  /** Bytes that went, or will go, to the disk: whole pages, as a file system writes them. */
  writtenBytes: number;
  rssBytes: number;
  peakRssBytes: number;
}

export async function processUsage(pid: number): Promise<ProcessUsage | undefined> {
  if (process.platform !== "linux") return undefined;
  const own = await usageOf(pid);
  for (const child of await childrenOf(pid)) {
    const usage = await processUsage(child).catch(goneAs(undefined));
    for (const key of Object.keys(own) as (keyof ProcessUsage)[]) own[key] += usage?.[key] ?? 0;
  }
  return own;
}

async function usageOf(pid: number): Promise<ProcessUsage> {
  const [stat, io, status] = await Promise.all(
    ["stat", "io", "status"].map(file => readFile(`/proc/${pid}/${file}`, "utf8")),
  );
  // Fields 14 to 17 (own, and of children that ended), counted after the name, which may itself hold spaces.
  const fields = (stat as string).slice((stat as string).lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return {
    cpuMs: (ticks * 1000) / ticksPerSecond(),
    writtenBytes: field(io as string, "write_bytes"),
    rssBytes: field(status as string, "VmRSS") * 1024,
    peakRssBytes: field(status as string, "VmHWM") * 1024,
  };
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    threads.map(thread => readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(goneAs(""))),
  );
  return lists.flatMap(list => list.split(" ").filter(text => text !== "")).map(Number);
}

/** Threads and children come and go while they are counted. */
function goneAs<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return error => {
    if (error.code === "ENOENT" || error.code === "ESRCH") return value;
    throw error;
  };
}

let ticks: number | undefined;
function ticksPerSecond(): number {
  ticks ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return ticks;
}

function field(text: string, name: string): number {
  const value = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1];
  // A process that ended and was not waited for yet has no memory.
  if (value === undefined && name.startsWith("Vm")) return 0;
  if (value === undefined) throw new TypeError(`The kernel does not say ${name}`);
  return Number(value);
}
