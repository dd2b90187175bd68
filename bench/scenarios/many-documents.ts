import { pace } from "../load/pace.ts";
import { IDLE_STORE_MS, reached, wait } from "../load/settled.ts";
import { SOMEBODY, Typist } from "../load/typist.ts";
import { type Bench, percentile, type Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";

/** 1,000 documents with two people each, one of them typing a letter a second; then all pause, and all is stored. */
export const manyDocuments: Scenario = {
  name: "many-documents",
  rounds: 1,
  withinMs: 300_000,
  rows: [
    {
      what: "CPU per 1,000 edits, 1,000 small documents × 2 people",
      unit: "ms",
      of: "cpuPer1000",
      target: { ratioAtMost: 1 / 2 },
    },
    { what: "longest stall, 1,000 documents storing", unit: "ms", of: "stallMs", target: { atMost: 20 } },
    { what: "– edit → peer p95 there", unit: "ms", of: "p95" },
  ],
  async run(bench) {
    const count = bench.size(1_000, 40);
    // Longer than the peer's longest wait before it stores (10 s), twice.
    const edits = count * bench.size(21, 3);
    const documents = Array.from({ length: count }, () => undefined);
    const stage = await bench.open(documents);
    const first = await typistsOn(bench, stage);
    const { cpuMs } = await stage.using(() => first.type(edits));
    await stage.stop();
    // Once more: looking for stalls takes a hundredth of a core.
    const watched = await bench.open(documents, { watched: true });
    const second = await typistsOn(bench, watched);
    await watched.inside.beginStalls();
    await second.type(edits);
    return {
      cpuPer1000: cpuMs && (cpuMs / edits) * 1000,
      stallMs: (await watched.inside.stalls()).longestMs,
      p50: percentile(first.latencies, 0.5),
      p95: percentile(first.latencies, 0.95),
    };
  },
};

/** Two people in each document, one of whom types until all is stored. */
async function typistsOn(bench: Bench, stage: Stage) {
  const count = stage.documents.length;
  const documents = Array.from({ length: count }, (_, index) => index);
  const writers = await stage.people(documents);
  const readers = await stage.people(documents);
  const typists = documents.map(index => new Typist(SOMEBODY + index));
  let arrived = 0;
  const latencies: number[] = [];
  const sentAt = new Float64Array(count);
  for (const [index, reader] of readers.entries()) {
    reader.onContent = () => {
      arrived++;
      // One edit a document is on its way at most, so this is the one.
      latencies.push(performance.now() - sentAt[index]!);
    };
  }
  for (const [index, writer] of writers.entries()) {
    sentAt[index] = performance.now();
    writer.sendUpdate(typists[index]!.begin);
  }
  await reached(() => arrived, count);
  latencies.length = 0;
  arrived = 0;
  const acks = () => writers.reduce((sum, { counts }) => sum + counts.ack, 0);
  const acksBefore = acks();
  const type = async (edits: number) => {
    await pace(edits, count, index => {
      const document = index % count;
      sentAt[document] = performance.now();
      writers[document]!.sendUpdate(typists[document]!.type());
    });
    await reached(() => arrived, edits);
    await reached(() => acks() - acksBefore, edits);
    await wait(bench.size(IDLE_STORE_MS, 100));
  };
  return { type, latencies };
}
