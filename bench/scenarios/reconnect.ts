import { wait } from "../load/settled.ts";
import { storm } from "../load/storm.ts";
import { grownDocument } from "../load/typist.ts";
import type { Bench, Measurements, Scenario } from "../scenario.ts";

const STATE_BYTES = 2_000;

/** 1,000 people whose network comes back in the same moment, each in a document of their own. */
export const reconnectApart: Scenario = {
  name: "reconnect-apart",
  rounds: 3,
  rows: [
    { what: "1,000 clients reconnect at once: all synced", unit: "ms", of: "allMs", target: { atMost: 400 } },
    { what: "– CPU of that", unit: "ms", of: "cpuMs" },
  ],
  run: bench => reconnect(bench, index => index),
};

/** The same in one document. */
export const reconnectTogether: Scenario = {
  name: "reconnect-together",
  rounds: 3,
  rows: [
    { what: "the same in one document: all synced", unit: "ms", of: "allMs", target: { atMost: 400 } },
    { what: "– CPU of that", unit: "ms", of: "cpuMs" },
  ],
  run: bench => reconnect(bench, () => 0),
};

async function reconnect(bench: Bench, documentOf: (index: number) => number): Promise<Measurements> {
  const seats = Array.from({ length: bench.size(1_000, 50) }, (_, index) => documentOf(index));
  const state = grownDocument(STATE_BYTES, 500);
  const stage = await bench.open(Array.from({ length: Math.max(...seats) + 1 }, () => state));
  const people = await stage.people(seats);
  await wait(bench.size(2_000, 50));
  for (const client of people) client.drop();
  await wait(bench.size(1_000, 50));
  let result = { allMs: 0, failed: 0 };
  const { cpuMs } = await stage.using(async () => {
    result = await storm(people);
    await wait(100);
  });
  return { ...result, cpuMs };
}

/** 2,000 people who come back to a server that was just started, half of them in documents of ten. */
export const restart: Scenario = {
  name: "restart",
  rounds: 1,
  rows: [
    {
      what: "longest stall, 2,000 clients after a restart",
      unit: "ms",
      of: "stallMs",
      target: { atMost: 250 },
    },
    { what: "– all of them synced", unit: "ms", of: "allMs" },
  ],
  async run(bench) {
    const count = bench.size(2_000, 60);
    const seats = Array.from({ length: count }, (_, index) =>
      index % 2 === 0 ? index : 1 + 2 * Math.floor(index / 20),
    );
    const state = grownDocument(STATE_BYTES, 500);
    const stage = await bench.open(
      Array.from({ length: count }, () => state),
      { watched: true },
    );
    const people = await stage.people(seats);
    await stage.stop();
    await stage.start();
    await stage.inside.beginStalls();
    const { allMs, failed } = await storm(people);
    await wait(500);
    const { longestMs } = await stage.inside.stalls();
    return { stallMs: longestMs, allMs, failed };
  },
};
