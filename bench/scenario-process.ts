/**
 * One round of one scenario, in a process of its own: the server is its child, and the load comes from here. Told
 * what to do, and reports, over IPC.
 */
import type { Measurements } from "./scenario.ts";
import { SCENARIOS } from "./scenarios/index.ts";
import { Stage } from "./stage.ts";
import { targetOf } from "./targets.ts";

export interface RoundTask {
  scenario: string;
  target: string;
  isQuick: boolean;
}

export type RoundResult = { measurements: Measurements } | { error: string };

async function run({ scenario: name, target: targetName, isQuick }: RoundTask): Promise<Measurements> {
  const scenario = SCENARIOS.find(one => one.name === name);
  if (scenario === undefined) throw new RangeError(`No scenario "${name}"`);
  const target = targetOf(targetName);
  await using stages = new AsyncDisposableStack();
  return await scenario.run({
    target,
    isQuick,
    size: (full, quick) => (isQuick ? quick : full),
    async open(documents, options) {
      return stages.use(await Stage.open(target, documents, options));
    },
  });
}

process.once("message", (task: RoundTask) => {
  const ended = run(task).then(
    (measurements): RoundResult => ({ measurements }),
    (error: unknown): RoundResult => ({
      error: error instanceof Error ? String(error.stack) : String(error),
    }),
  );
  void ended.then(result => process.send?.(result, () => process.exit()));
});
