import { wait } from "../load/settled.ts";
import { SOMEBODY, Typist } from "../load/typist.ts";
import { percentile, type Scenario } from "../scenario.ts";

const WRITERS = 100;
/** Letters on their way, of each writer: enough that the server and not the way is what is measured. */
const WINDOW = 20;

/** 100 people who type as fast as they are answered, each in a document of their own. */
export const throughput: Scenario = {
  name: "throughput",
  rounds: 3,
  rows: [
    {
      what: "answered updates/s end to end, 100 writers (ours: on disk)",
      unit: "1/s",
      of: "perSecond",
      target: { ratioAtLeast: 0.7 },
    },
    { what: "– answered after, p99", unit: "ms", of: "p99" },
  ],
  async run(bench) {
    const writers = bench.size(WRITERS, 10);
    const stage = await bench.open(Array.from({ length: writers }, () => undefined));
    const people = await stage.people(Array.from({ length: writers }, (_, index) => index));
    const latencies: number[] = [];
    let isOver = false;
    let answered = 0;
    for (const [index, client] of people.entries()) {
      const typist = new Typist(SOMEBODY + index);
      const sentAt: number[] = [];
      const send = (update: Uint8Array) => {
        sentAt.push(performance.now());
        client.sendUpdate(update);
      };
      client.onAck = () => {
        answered++;
        latencies.push(performance.now() - sentAt.shift()!);
        if (!isOver) send(typist.type());
      };
      send(typist.begin);
      for (let more = 1; more < WINDOW; more++) send(typist.type());
    }
    await wait(bench.size(1_000, 50));
    answered = 0;
    latencies.length = 0;
    const startedAt = performance.now();
    await wait(bench.size(4_000, 200));
    const perSecond = (answered * 1000) / (performance.now() - startedAt);
    isOver = true;
    return { perSecond, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
  },
};
