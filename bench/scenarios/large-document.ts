import { FileGrowth } from "../load/file-growth.ts";
import { pace } from "../load/pace.ts";
import { IDLE_STORE_MS, wait } from "../load/settled.ts";
import { grownDocument, SOMEBODY, Typist } from "../load/typist.ts";
import { Witness } from "../load/witness.ts";
import type { Bench, Measurements, Row, Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";

const EDITS = 1_000;
/** A sentence, then a pause in which the peer stores, as it does in life. */
const EDITS_PER_BURST = 100;
const EDITS_PER_SECOND = 100;
const PAUSE_MS = 2_500;

/** 10 MB of text, one person who types in it and one who reads, until both servers have stored. */
export const largeDocument: Scenario = {
  name: "large-document",
  rounds: 1,
  withinMs: 300_000,
  rows: [
    {
      what: "CPU per 1,000 edits, 10 MB document",
      unit: "ms",
      of: "cpuPer1000",
      target: { ratioAtMost: 1 / 3 },
    },
    ...writtenRows("10 MB", 1 / 2_000),
    { what: "longest stall, 10 MB document", unit: "ms", of: "stallMs", target: { atMost: 10 } },
  ],
  run: bench => typeInto(bench, bench.size(10_000_000, 200_000)),
};

export const mediumDocument: Scenario = {
  name: "medium-document",
  rounds: 1,
  withinMs: 300_000,
  rows: writtenRows("1 MB", 1 / 200),
  run: bench => typeInto(bench, bench.size(1_000_000, 50_000)),
};

function writtenRows(size: string, ratio: number): Row[] {
  return [
    {
      what: `written per 1,000 edits into ${size}`,
      unit: "kB",
      of: "fileKbPer1000",
      target: { ratioAtMost: ratio },
    },
    { what: "– in whole pages, as fsync writes them", unit: "kB", of: "pagesKbPer1000" },
  ];
}

async function typeInto(bench: Bench, bytes: number): Promise<Measurements> {
  const edits = bench.size(EDITS, 50);
  const stage = await bench.open([grownDocument(bytes)]);
  const type = await typistOn(bench, stage);
  const growth = await FileGrowth.begin(stage.directory);
  const used = await stage.using(() => type(edits));
  const appendedBytes = await growth.end();
  await stage.stop();
  const per1000 = 1_000 / edits;
  return {
    cpuPer1000: used.cpuMs && used.cpuMs * per1000,
    stallMs: await stallsOf(bench, bytes, edits),
    fileKbPer1000: (appendedBytes / 1_000) * per1000,
    pagesKbPer1000: used.writtenBytes && (used.writtenBytes / 1_000) * per1000,
  };
}

/** Once more: looking for stalls takes as much CPU as a server that has little to do. */
async function stallsOf(bench: Bench, bytes: number, edits: number): Promise<number> {
  const stage = await bench.open([grownDocument(bytes)], { watched: true });
  const type = await typistOn(bench, stage);
  await stage.inside.beginStalls();
  await type(edits);
  return (await stage.inside.stalls()).longestMs;
}

/** One who types and one who reads, in the document; answers what types until all is stored. */
async function typistOn(bench: Bench, stage: Stage): Promise<(edits: number) => Promise<void>> {
  const [writer, reader] = await stage.people([0, 0]);
  const typist = new Typist(SOMEBODY);
  const witness = new Witness(reader!);
  writer!.sendUpdate(typist.begin);
  await witness.saw([typist]);
  // What opening brought on is over.
  await wait(bench.size(PAUSE_MS + 1_000, 100));
  return async edits => {
    for (let done = 0; done < edits; done += EDITS_PER_BURST) {
      const burst = Math.min(EDITS_PER_BURST, edits - done);
      await pace(burst, EDITS_PER_SECOND, () => writer!.sendUpdate(typist.type()));
      await witness.saw([typist]);
      await wait(bench.size(PAUSE_MS, 50));
    }
    await wait(bench.size(IDLE_STORE_MS - PAUSE_MS, 50));
  };
}
