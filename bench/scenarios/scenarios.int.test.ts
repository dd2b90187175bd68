import { expect, it } from "vitest";
import { runRound } from "../round.ts";
import { arePeersInstalled } from "../targets.ts";
import { SCENARIOS } from "./index.ts";

/** Each scenario must work on each server and bring the numbers of its rows; they are not judged here. */
const CASES = SCENARIOS.flatMap(scenario => [
  { scenario, name: scenario.name, target: "octavo" as const },
  ...(arePeersInstalled() ? [{ scenario, name: scenario.name, target: "hocuspocus" as const }] : []),
]);

it.each(CASES)("$name measures $target", async ({ scenario, target }) => {
  const measurements = await runRound(scenario, target, true);
  for (const { of } of scenario.rows) expect(measurements[of], of).toBeTypeOf("number");
});
