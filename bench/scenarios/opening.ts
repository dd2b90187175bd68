import { Doc, encodeStateAsUpdate, getState, XmlElement, XmlText } from "yjs";
import { CountingProxy } from "../load/counting-proxy.ts";
import { openAsItsClientDoes } from "../load/openers.ts";
import { reached, wait } from "../load/settled.ts";
import { SOMEBODY, Typist } from "../load/typist.ts";
import { type Measurements, medians, type Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import { loadTrace } from "../trace.ts";

const AUTHOR = SOMEBODY - 1;
/** What comes after the text counts too: some servers send it twice. */
const AFTERMATH_MS = 700;

/** The editing history of a whole paper, opened by its product's own client right after the server started. */
export const opening: Scenario = {
  name: "opening",
  rounds: 1,
  rows: [
    {
      what: "opening a document of 259,778 edits cold: last byte it needs",
      unit: "ms",
      of: "lastByteMs",
      target: { ratioAtMost: 1 / 2 },
    },
    { what: "– all of it in the client's document", unit: "ms", of: "completeMs" },
    { what: "– bytes on the wire", unit: "kB", of: "wireKb", target: { ratioAtMost: 1 / 4 } },
    { what: "– newest whole state on disk", unit: "kB", of: "stateKb", target: { ratioAtMost: 1 / 3 } },
  ],
  async run(bench) {
    const { update, clock } = await paper(bench.size(259_778, 5_000));
    const stage = await bench.open([update]);
    // The state on disk is to be one that the server wrote, as it writes them.
    const [person] = await stage.people([0]);
    person!.sendUpdate(new Typist(SOMEBODY).begin);
    await reached(() => person!.counts.ack, 1);
    await wait(bench.size(3_000, 2_200));
    await stage.stop();
    const stateBytes = await bench.target.stateBytes(stage.directory, stage.documents[0]!);

    const opens: Measurements[] = [];
    // The first opening warms the client, which in a browser is not what is measured here.
    for (let round = -1; round < bench.size(7, 1); round++) {
      await stage.start();
      const open = await measureOpening(stage, clock);
      if (round >= 0) opens.push(open);
      await stage.stop();
    }
    return { ...medians(opens), stateKb: stateBytes && stateBytes / 1_000 };
  },
};

async function measureOpening(stage: Stage, clock: number): Promise<Measurements> {
  await using proxy = await CountingProxy.to(stage.server.port);
  const address = await stage.server.address(stage.documents[0]!);
  const { promise, resolve } = Promise.withResolvers<number>();
  const startedAt = now();
  const { document, close } = openAsItsClientDoes(stage.target, address, proxy.port);
  const check = () => {
    if (getState(document.store, AUTHOR) === clock) resolve(now());
  };
  document.on("update", check);
  check();
  const completeAt = await promise;
  await wait(AFTERMATH_MS);
  const arrivals = await proxy.arrivals();
  close();
  const needed = arrivals.filter(({ at }) => at <= completeAt);
  return {
    lastByteMs: (needed.at(-1)?.at ?? Number.NaN) - startedAt,
    completeMs: completeAt - startedAt,
    wireKb: arrivals.reduce((sum, { bytes }) => sum + bytes, 0) / 1_000,
  };
}

const now = () => performance.timeOrigin + performance.now();

async function paper(limit: number): Promise<{ update: Uint8Array; clock: number }> {
  const { edits } = await loadTrace(limit);
  const document = new Doc();
  document.clientID = AUTHOR;
  const text = new XmlText();
  const paragraph = new XmlElement("paragraph");
  paragraph.insert(0, [text]);
  document.getXmlFragment("default").insert(0, [paragraph]);
  for (const [position, deleted, inserted] of edits) {
    document.transact(() => {
      if (deleted > 0) text.delete(position, deleted);
      if (inserted !== "") text.insert(position, inserted);
    });
  }
  return { update: encodeStateAsUpdate(document), clock: getState(document.store, AUTHOR) };
}
