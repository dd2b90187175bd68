import { SOMEBODY, Typist } from "../load/typist.ts";
import { Witness } from "../load/witness.ts";
import type { Scenario } from "../scenario.ts";

const CLIENTS = 20;

/** 20 people whose machines send 2,000 letters each in one go: a script, or a long time offline. */
export const tinyUpdates: Scenario = {
  name: "tiny-updates",
  rounds: 1,
  withinMs: 300_000,
  rows: [
    {
      what: "longest stall, 20 clients × 2,000 tiny updates",
      unit: "ms",
      of: "stallMs",
      target: { atMost: 250 },
    },
    { what: "– until everybody has everything", unit: "ms", of: "allMs" },
  ],
  async run(bench) {
    const stage = await bench.open([undefined], { watched: true });
    const people = await stage.people(Array.from({ length: CLIENTS }, () => 0));
    const typists = people.map((_, index) => new Typist(SOMEBODY + index));
    const witnesses = people.map(client => new Witness(client));
    for (const [index, client] of people.entries()) client.sendUpdate(typists[index]!.begin);
    // Nobody is sent what they wrote themselves.
    const allSaw = (withinMs?: number) =>
      Promise.all(
        witnesses.map((witness, own) =>
          witness.saw(
            typists.filter((_, index) => index !== own),
            withinMs,
          ),
        ),
      );
    await allSaw();

    const bursts = typists.map(typist => Array.from({ length: bench.size(2_000, 50) }, () => typist.type()));
    await stage.inside.beginStalls();
    const startedAt = performance.now();
    for (const [index, client] of people.entries()) client.sendUpdates(bursts[index]!);
    await allSaw(240_000);
    const allMs = performance.now() - startedAt;
    const { longestMs } = await stage.inside.stalls();
    return { stallMs: longestMs, allMs };
  },
};
