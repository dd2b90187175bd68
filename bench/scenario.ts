import type { Stage, StageOptions } from "./stage.ts";
import type { Target } from "./targets.ts";

/** Named numbers of one run; undefined where the system does not tell. */
export type Measurements = Record<string, number | undefined>;

/** What a scenario is given: a server to measure, in a process of the scenario's own. */
export interface Bench {
  target: Target;
  /** Tiny sizes: whether it works, not how well. */
  isQuick: boolean;
  /** The full size, or the tiny one. */
  size(full: number, quick: number): number;
  /** Starts the server on these documents; ended with the scenario. */
  open(documents: readonly (Uint8Array | undefined)[], options?: StageOptions): Promise<Stage>;
}

/** One way to load a server, and what DESIGN.md §7 demands of it. */
export interface Scenario {
  name: string;
  /** Rounds for each server, taken in turns; the medians are compared. */
  rounds: number;
  /** A round that takes longer is ended: some servers hang. */
  withinMs?: number;
  run(bench: Bench): Promise<Measurements>;
  /** The rows of the table, in its order. */
  rows: readonly Row[];
}

/** One number of the table. */
export interface Row {
  what: string;
  unit: string;
  /** Key of the measurement. */
  of: string;
  /** Absent: told, not judged. */
  target?: Limit;
}

export type Limit =
  /** Ours divided by the peer's. */
  | { ratioAtMost: number }
  | { ratioAtLeast: number }
  /** Ours alone. */
  | { atMost: number }
  | { atLeast: number }
  /** Ours, beside the peer's. */
  | { peerPlusAtMost: number };

export interface Verdict {
  what: string;
  unit: string;
  ours: number | undefined;
  peer: number | undefined;
  ratio: number | undefined;
  target: string;
  /** Undefined where nothing is demanded, or the peer was left out. */
  isMet: boolean | undefined;
}

/** A row with what was measured. A number that is demanded and missing counts as missed. */
export function judge(
  row: Row,
  all: { ours: Measurements | undefined; peer: Measurements | undefined },
): Verdict {
  const ours = all.ours?.[row.of];
  const peer = all.peer?.[row.of];
  const ratio = ours !== undefined && peer !== undefined && peer !== 0 ? ours / peer : undefined;
  const { what, unit, target } = row;
  return {
    what,
    unit,
    ours,
    peer,
    ratio,
    target: target === undefined ? "–" : describe(target, unit),
    isMet: target === undefined ? undefined : isMet(target, all, { ours, peer, ratio }),
  };
}

function isMet(
  target: Limit,
  all: { ours: Measurements | undefined; peer: Measurements | undefined },
  { ours, peer, ratio }: { ours: number | undefined; peer: number | undefined; ratio: number | undefined },
): boolean | undefined {
  if (all.ours === undefined) return undefined;
  if ("atMost" in target) return ours !== undefined && ours <= target.atMost;
  if ("atLeast" in target) return ours !== undefined && ours >= target.atLeast;
  if (all.peer === undefined) return undefined;
  if ("peerPlusAtMost" in target) {
    return ours !== undefined && peer !== undefined && ours <= peer + target.peerPlusAtMost;
  }
  if ("ratioAtMost" in target) return ratio !== undefined && ratio <= target.ratioAtMost;
  return ratio !== undefined && ratio >= target.ratioAtLeast;
}

function describe(target: Limit, unit: string): string {
  if ("atMost" in target) return `≤ ${target.atMost.toLocaleString("en")} ${unit}`.trim();
  if ("atLeast" in target) return `≥ ${target.atLeast.toLocaleString("en")} ${unit}`.trim();
  if ("peerPlusAtMost" in target) return `≤ peer + ${target.peerPlusAtMost} ${unit}`;
  if ("ratioAtMost" in target) return `≤ ${fraction(target.ratioAtMost)} ×`;
  return `≥ ${fraction(target.ratioAtLeast)} ×`;
}

function fraction(ratio: number): string {
  const inverse = 1 / ratio;
  return ratio < 1 && Math.abs(inverse - Math.round(inverse)) < 1e-9
    ? `1/${Math.round(inverse).toLocaleString("en")}`
    : String(ratio);
}

/** Key by key; a number that one round lacks is left out of that key. */
export function medians(rounds: readonly Measurements[]): Measurements | undefined {
  if (rounds.length === 0) return undefined;
  const keys = new Set(rounds.flatMap(round => Object.keys(round)));
  return Object.fromEntries([...keys].map(key => [key, median(rounds.flatMap(round => round[key] ?? []))]));
}

/** The value at a share of the sorted values; undefined of none. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor((sorted.length - 1) * share)];
}

export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle) - 1] as number)) / 2;
}
