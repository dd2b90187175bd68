import { fork } from "node:child_process";
import { once } from "node:events";
import { repositoryPath, within } from "@octavo/test-kit";
import type { Measurements, Scenario } from "./scenario.ts";
import type { RoundResult, RoundTask } from "./scenario-process.ts";
import type { TargetName } from "./targets.ts";

const DEFAULT_MS = 180_000;

/** One round in processes of its own, which are all gone afterwards. @throws Error of the round, or of its deadline */
export async function runRound(
  scenario: Scenario,
  target: TargetName,
  isQuick: boolean,
): Promise<Measurements> {
  // A group of its own: what it started ends with it.
  const child = fork(repositoryPath("bench/scenario-process.ts"), {
    execArgv: ["--conditions=octavo-source", "--expose-gc"],
    detached: true,
  });
  const exited = once(child, "exit");
  const ended = exited.then(([code, signal]) => {
    throw new Error(`${scenario.name} ended with ${code ?? signal}`);
  });
  ended.catch(() => {});
  const stop = () => endGroup(child.pid as number);
  process.once("exit", stop);
  try {
    const answer = once(child, "message") as Promise<[RoundResult]>;
    child.send({ scenario: scenario.name, target, isQuick } satisfies RoundTask);
    const [result] = await within(Promise.race([answer, ended]), {
      withinMs: scenario.withinMs ?? DEFAULT_MS,
      what: `${scenario.name} on ${target}`,
    });
    if ("error" in result) throw new Error(result.error);
    await exited;
    return result.measurements;
  } finally {
    process.off("exit", stop);
    stop();
  }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
