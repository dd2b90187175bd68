import { pace } from "../load/pace.ts";
import { wait } from "../load/settled.ts";
import { SOMEBODY, Typist } from "../load/typist.ts";
import { Witness } from "../load/witness.ts";
import { percentile, type Scenario } from "../scenario.ts";

const TYPISTS_PER_ROOM = 3;
const LETTERS_PER_SECOND = 2;

/** 100 documents with three people each, all of them typing: what most of a team's day looks like. */
export const smallRooms: Scenario = {
  name: "small-rooms",
  rounds: 3,
  rows: [
    {
      what: "edit → peer p50, 100 rooms × 3 typists (ours: on disk)",
      unit: "ms",
      of: "p50",
      target: { peerPlusAtMost: 2 },
    },
    { what: "edit → peer p95 there", unit: "ms", of: "p95", target: { peerPlusAtMost: 8 } },
    { what: "– CPU per 1,000 edits there", unit: "ms", of: "cpuPer1000" },
  ],
  async run(bench) {
    const rooms = bench.size(100, 5);
    const stage = await bench.open(Array.from({ length: rooms }, () => undefined));
    const seats = Array.from({ length: rooms * TYPISTS_PER_ROOM }, (_, index) => index % rooms);
    const people = await stage.people(seats);
    const typists = people.map((_, index) => new Typist(SOMEBODY + index));
    const sentAt = new Map<string, number>();
    const witnesses = people.map(client => new Witness(client));
    const others = seats.map((room, index) =>
      typists.filter((_, other) => other !== index && seats[other] === room),
    );
    const allSaw = () => Promise.all(witnesses.map((witness, index) => witness.saw(others[index]!)));
    for (const [index, client] of people.entries()) client.sendUpdate(typists[index]!.begin);
    await allSaw();
    for (const witness of witnesses) witness.sentAt = sentAt;

    const edits = people.length * LETTERS_PER_SECOND * bench.size(8, 1);
    const { cpuMs } = await stage.using(async () => {
      await pace(edits, people.length * LETTERS_PER_SECOND, index => {
        const seat = index % people.length;
        const typist = typists[seat]!;
        sentAt.set(`${typist.clientId}:${typist.clock}`, performance.now());
        people[seat]!.sendUpdate(typist.type());
      });
      await allSaw();
      await wait(bench.size(2_500, 50));
    });
    // What a server sends back to its author is no latency between people.
    const latencies = witnesses.flatMap((witness, index) =>
      witness.latenciesOf(client => client !== typists[index]!.clientId),
    );
    return {
      p50: percentile(latencies, 0.5),
      p95: percentile(latencies, 0.95),
      p99: percentile(latencies, 0.99),
      cpuPer1000: cpuMs && (cpuMs / edits) * 1000,
    };
  },
};
