import { pace } from "../load/pace.ts";
import { wait } from "../load/settled.ts";
import { SOMEBODY } from "../load/typist.ts";
import type { Scenario } from "../scenario.ts";

/** Every client says that often that it is still there (y-protocols `outdatedTimeout` / 2). */
const HEARTBEAT_S = 15;
const FIRST = 200;

/** 5,000 people, each with a document of their own, who do nothing. */
export const idle: Scenario = {
  name: "idle",
  rounds: 1,
  rows: [
    {
      what: "CPU of 5,000 idle people with their heartbeats, share of a core",
      unit: "%",
      of: "allPercent",
      target: { atMost: 2 },
    },
    { what: "– more than without heartbeats", unit: "%", of: "heartbeatPercent" },
    {
      what: "memory per idle person with a document",
      unit: "kB",
      of: "rssKbPerPerson",
      target: { atMost: 22 },
    },
  ],
  async run(bench) {
    const count = bench.size(5_000, 100);
    const first = bench.size(FIRST, 10);
    const stage = await bench.open(Array.from({ length: count + first }, () => undefined));
    const documents = Array.from({ length: count + first }, (_, index) => index);
    // The first ones bring what a server needs once.
    const people = await stage.people(documents.slice(0, first));
    await wait(bench.size(2_000, 50));
    const before = await stage.usage();
    people.push(...(await stage.people(documents.slice(first))));
    let clock = 1;
    const beat = (index: number) =>
      people[index % people.length]!.sendAwareness(SOMEBODY + (index % people.length), clock, STATE);
    for (let index = 0; index < people.length; index++) beat(index);
    await wait(bench.size(5_000, 50));

    const quietS = bench.size(10, 0.2);
    const quiet = await stage.using(() => wait(quietS * 1000));
    const beatingS = bench.size(HEARTBEAT_S, 0.2);
    clock++;
    const perSecond = people.length / beatingS;
    const beating = await stage.using(() => pace(people.length, perSecond, beat));
    const after = await stage.usage();
    const percentOf = (cpuMs: number | undefined, seconds: number) => cpuMs && cpuMs / 10 / seconds;
    const quietPercent = percentOf(quiet.cpuMs, quietS) ?? 0;
    const allPercent = percentOf(beating.cpuMs, beatingS);
    return {
      heartbeatPercent: allPercent && Math.max(0, allPercent - quietPercent),
      allPercent,
      rssKbPerPerson: after && before && (after.rssBytes - before.rssBytes) / 1000 / count,
    };
  },
};

const STATE = { cursor: null, user: { name: "Somebody", color: "#aa2e4e" } };
