import { pace } from "../load/pace.ts";
import { STORE_MS, wait } from "../load/settled.ts";
import { SOMEBODY, Typist } from "../load/typist.ts";
import { Witness } from "../load/witness.ts";
import { percentile, type Scenario } from "../scenario.ts";

const WRITERS = 25;
/** Letters a second of each: somebody who types fast. */
const LETTERS_PER_SECOND = 10;
/** Of those who only read, so many check that everything arrives. */
const WITNESSES = 5;

/** 500 people in one document, 25 of them typing. */
export const busyRoom: Scenario = {
  name: "busy-room",
  rounds: 3,
  rows: [
    {
      what: "CPU per 1,000 edits, 500 people in a busy room",
      unit: "ms",
      of: "cpuPer1000",
      target: { ratioAtMost: 1 / 3 },
    },
    { what: "– edit → peer p95 there", unit: "ms", of: "p95" },
    { what: "– frames to each reader per 1,000 edits there", unit: "", of: "framesPer1000" },
  ],
  async run(bench) {
    const stage = await bench.open([undefined]);
    const people = await stage.people(Array.from({ length: bench.size(500, 60) }, () => 0));
    const typists = people
      .slice(0, WRITERS)
      .map((client, index) => ({ client, typist: new Typist(SOMEBODY + index) }));
    for (const { client, typist } of typists) client.sendUpdate(typist.begin);
    const witnesses = people.slice(-WITNESSES).map(client => new Witness(client));
    await Promise.all(witnesses.map(witness => witness.saw(typists.map(({ typist }) => typist))));
    await wait(bench.size(STORE_MS, 100));

    const edits = bench.size(8, 1) * WRITERS * LETTERS_PER_SECOND;
    const sentAt = new Map<string, number>();
    for (const witness of witnesses) witness.sentAt = sentAt;
    const framesBefore = framesTo(witnesses);
    const { cpuMs } = await stage.using(async () => {
      await pace(edits, WRITERS * LETTERS_PER_SECOND, index => {
        const { client, typist } = typists[index % WRITERS]!;
        sentAt.set(`${typist.clientId}:${typist.clock}`, performance.now());
        client.sendUpdate(typist.type());
      });
      await Promise.all(witnesses.map(witness => witness.saw(typists.map(({ typist }) => typist))));
      await wait(bench.size(STORE_MS, 100));
    });
    const latencies = witnesses.flatMap(witness => witness.latenciesOf());
    const frames = (framesTo(witnesses) - framesBefore) / witnesses.length;
    return {
      cpuPer1000: cpuMs && (cpuMs / edits) * 1000,
      p50: percentile(latencies, 0.5),
      p95: percentile(latencies, 0.95),
      framesPer1000: (frames / edits) * 1000,
    };
  },
};

function framesTo(witnesses: readonly Witness[]): number {
  return witnesses.reduce((sum, { client }) => sum + client.counts.update, 0);
}
