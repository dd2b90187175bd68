import { wait } from "../load/settled.ts";
import { storm } from "../load/storm.ts";
import { grownDocument } from "../load/typist.ts";
import type { Scenario } from "../scenario.ts";

/** 200 people who open the same 0.5 MB document in the same moment, while somebody has it open. */
export const joins: Scenario = {
  name: "joins",
  rounds: 3,
  rows: [
    {
      what: "CPU per join, 200 at once into a 0.5 MB document",
      unit: "ms",
      of: "cpuPerJoin",
      target: { ratioAtMost: 1 / 10 },
    },
    { what: "– until all have it", unit: "ms", of: "allMs" },
  ],
  async run(bench) {
    const count = bench.size(200, 10);
    const stage = await bench.open([grownDocument(bench.size(500_000, 50_000))]);
    await stage.people([0]);
    const people = await Promise.all(Array.from({ length: count }, () => stage.person(0)));
    await wait(bench.size(2_000, 50));
    let allMs = 0;
    const { cpuMs } = await stage.using(async () => {
      allMs = (await storm(people)).allMs;
      await wait(300);
    });
    return { cpuPerJoin: cpuMs && cpuMs / count, allMs };
  },
};
