/**
 * Every server row of the table of targets, measured on Octavo and on the server most people would otherwise use, in
 * turns, and judged. Ends with 1 where a target was missed. See README.md.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { runRound } from "./round.ts";
import { judge, type Measurements, medians, type Scenario, type Verdict } from "./scenario.ts";
import { SCENARIOS } from "./scenarios/index.ts";
import { digits, table } from "./table.ts";
import { installPeers, type TargetName, targetOf } from "./targets.ts";
import { loadTrace } from "./trace.ts";

const { values } = parseArgs({
  options: {
    /** Comma-separated names of scenarios. */
    only: { type: "string" },
    /** Tiny sizes, one round, nothing judged. */
    quick: { type: "boolean", default: false },
    targets: { type: "string", default: "octavo,hocuspocus" },
    /** Rounds of each scenario; without it, each has its own number. */
    rounds: { type: "string" },
    /** File for all numbers of all rounds. */
    json: { type: "string" },
    list: { type: "boolean", default: false },
  },
});

const OURS = "octavo";
const PEER = "hocuspocus";

interface Outcome {
  scenario: string;
  rounds: Partial<Record<TargetName, Measurements[]>>;
  verdicts: Verdict[];
  failures: string[];
}

if (values.list) {
  for (const { name, rows } of SCENARIOS) console.log(`${name}: ${rows.map(({ what }) => what).join(" · ")}`);
} else {
  process.exitCode = await main();
}

async function main(): Promise<number> {
  const scenarios = chosen();
  const targets = values.targets.split(",").map(name => targetOf(name).name);
  if (targets.includes(PEER)) installPeers();
  const startedAt = performance.now();
  const outcomes: Outcome[] = [];
  for (const scenario of scenarios) {
    outcomes.push(await runScenario(scenario, targets));
    if (values.json) await writeFile(values.json, JSON.stringify(outcomes, undefined, 2));
  }
  const minutes = (performance.now() - startedAt) / 60_000;
  return report(outcomes, minutes);
}

function chosen(): readonly Scenario[] {
  if (values.only === undefined) return SCENARIOS;
  return values.only.split(",").map(name => {
    const scenario = SCENARIOS.find(one => one.name === name);
    if (scenario === undefined) {
      throw new RangeError(`No scenario "${name}": ${SCENARIOS.map(one => one.name).join(", ")}`);
    }
    return scenario;
  });
}

/** The servers take turns, and change who is first, so that what else the machine does meets both alike. */
async function runScenario(scenario: Scenario, targets: readonly TargetName[]): Promise<Outcome> {
  const count = values.quick ? 1 : Number(values.rounds ?? scenario.rounds);
  const outcome: Outcome = { scenario: scenario.name, rounds: {}, verdicts: [], failures: [] };
  for (let round = 0; round < count; round++) {
    for (const target of round % 2 === 0 ? targets : targets.toReversed()) {
      const startedAt = performance.now();
      try {
        const measurements = await runRound(scenario, target, values.quick);
        outcome.rounds[target] = [...(outcome.rounds[target] ?? []), measurements];
        const seconds = Math.round((performance.now() - startedAt) / 1000);
        console.error(`… ${scenario.name} · ${target} · ${seconds} s · ${summary(measurements)}`);
      } catch (error) {
        outcome.failures.push(`${scenario.name} on ${target}: ${(error as Error).message}`);
        console.error(`… ${outcome.failures.at(-1)}`);
      }
    }
  }
  const ours = targets.includes(OURS) ? (medians(outcome.rounds[OURS] ?? []) ?? {}) : undefined;
  const peer = targets.includes(PEER) ? (medians(outcome.rounds[PEER] ?? []) ?? {}) : undefined;
  outcome.verdicts = scenario.rows.map(row => judge(row, { ours, peer }));
  return outcome;
}

function summary(measurements: Measurements): string {
  return Object.entries(measurements)
    .map(([key, value]) => `${key} ${digits(value)}`)
    .join(", ");
}

async function report(outcomes: readonly Outcome[], minutes: number): Promise<number> {
  const verdicts = outcomes.flatMap(outcome => outcome.verdicts);
  const rows = verdicts.map(({ what, unit, ours, peer, ratio, target, isMet }) => [
    unit === "" ? what : `${what}, ${unit}`,
    digits(ours),
    digits(peer),
    digits(ratio),
    target,
    values.quick || isMet === undefined ? "" : isMet ? "met" : "**missed**",
  ]);
  const title = targetOf(PEER).title;
  console.log(`\n${table(["", "Octavo", title, "ratio", "target", ""], rows)}\n`);
  if (outcomes.some(({ scenario }) => scenario === "opening")) {
    console.log(`The history that is opened: ${(await loadTrace(1)).name}.`);
  }
  const missed = verdicts.filter(({ isMet }) => isMet === false).length;
  const judged = verdicts.filter(({ isMet }) => isMet !== undefined).length;
  const failures = outcomes.flatMap(outcome => outcome.failures);
  for (const failure of failures) console.log(`Failed: ${failure.split("\n")[0]}`);
  console.log(
    values.quick
      ? `Tiny sizes, nothing judged; ${minutes.toFixed(1)} minutes.`
      : `${judged - missed} of ${judged} targets met; ${minutes.toFixed(1)} minutes.`,
  );
  return failures.length > 0 || (missed > 0 && !values.quick) ? 1 : 0;
}
