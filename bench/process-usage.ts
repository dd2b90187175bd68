import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";

/** What a process has used since its start, as the Linux kernel counts it; undefined elsewhere. */
export interface ProcessUsage {
  /** User and system time of all threads. */
  cpuMs: number;
  /** Bytes that went, or will go, to the disk: whole pages, as a file system writes them. */
  writtenBytes: number;
  /** Bytes given to `write` and its kin: files, sockets and all else. */
  givenBytes: number;
  rssBytes: number;
  peakRssBytes: number;
}

export async function processUsage(pid: number): Promise<ProcessUsage | undefined> {
  if (process.platform !== "linux") return undefined;
  const [stat, io, status] = await Promise.all(
    ["stat", "io", "status"].map(file => readFile(`/proc/${pid}/${file}`, "utf8")),
  );
  // Fields 14 and 15, counted after the name, which may itself hold spaces.
  const fields = (stat as string).slice((stat as string).lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    cpuMs: (ticks * 1000) / ticksPerSecond(),
    writtenBytes: field(io as string, "write_bytes"),
    givenBytes: field(io as string, "wchar"),
    rssBytes: field(status as string, "VmRSS") * 1024,
    peakRssBytes: field(status as string, "VmHWM") * 1024,
  };
}

let ticks: number | undefined;
function ticksPerSecond(): number {
  ticks ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return ticks;
}

function field(text: string, name: string): number {
  const value = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1];
  if (value === undefined) throw new TypeError(`The kernel does not say ${name}`);
  return Number(value);
}
