import { pace } from "../load/pace.ts";
import { reached } from "../load/settled.ts";
import { SOMEBODY, Typist } from "../load/typist.ts";
import { percentile, type Scenario } from "../scenario.ts";

const LETTERS_PER_SECOND = 50;

/** One person typing on a server that has nothing else to do, many times as fast as a person can: for enough samples. */
export const alone: Scenario = {
  name: "alone",
  rounds: 3,
  rows: [
    { what: "ack p50 of one person typing (ours: on disk)", unit: "ms", of: "p50", target: { atMost: 5 } },
    { what: "ack p99 of one person typing", unit: "ms", of: "p99", target: { atMost: 25 } },
  ],
  async run(bench) {
    const stage = await bench.open([undefined]);
    const [client] = await stage.people([0]);
    const typist = new Typist(SOMEBODY);
    const sentAt: number[] = [];
    const latencies: number[] = [];
    client!.onAck = () => latencies.push(performance.now() - sentAt.shift()!);
    const send = (update: Uint8Array) => {
      sentAt.push(performance.now());
      client!.sendUpdate(update);
    };
    send(typist.begin);
    await pace(50, LETTERS_PER_SECOND, () => send(typist.type()));
    await reached(() => latencies.length, 51);
    latencies.length = 0;
    const letters = LETTERS_PER_SECOND * bench.size(6, 1);
    await pace(letters, LETTERS_PER_SECOND, () => send(typist.type()));
    await reached(() => latencies.length, letters);
    return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
  },
};
