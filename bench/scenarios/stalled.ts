import * as Y from "yjs";
import { reached, wait } from "../load/settled.ts";
import { SOMEBODY } from "../load/typist.ts";
import { Witness } from "../load/witness.ts";
import type { Scenario } from "../scenario.ts";

const READERS = 100;
const UPDATES = 1_000;
const UPDATE_CHARACTERS = 100_000;
const WINDOW = 4;

/** People whose machines do not read, while 100 MB of updates pass through their document. */
export const stalled: Scenario = {
  name: "stalled",
  rounds: 1,
  rows: [
    {
      what: "memory per client that does not read, 1,000 updates of 100 KB",
      unit: "KB",
      of: "kbPerReader",
      target: { atMost: 300 },
    },
    { what: "– of all of them", unit: "MB", of: "totalMb" },
    { what: "– share of them that has everything after reading again", unit: "", of: "converged" },
  ],
  async run(bench) {
    const count = bench.size(READERS, 5);
    const stage = await bench.open([undefined], { watched: true });
    const [writer] = await stage.people([0]);
    const readers = await stage.people(Array.from({ length: count }, () => 0));
    const witnesses = readers.map(client => new Witness(client));
    const rewriter = new Rewriter(SOMEBODY);
    const send = async (updates: number) => {
      const before = writer!.counts.ack;
      for (let sent = 0; sent < updates; sent++) {
        await reached(() => writer!.counts.ack - before, sent - WINDOW);
        writer!.sendUpdate(rewriter.write());
      }
      await reached(() => writer!.counts.ack - before, updates);
    };
    // What this traffic needs whoever reads is there before anybody stops to read.
    await send(bench.size(100, 5));
    await Promise.all(
      witnesses.map(witness => reached(() => witness.clocks.get(SOMEBODY) ?? 0, rewriter.clock)),
    );
    const before = await stage.inside.memory();
    for (const reader of readers) reader.pause();
    await send(bench.size(UPDATES, 10));
    const after = await stage.inside.memory();

    // Whom the server sent away comes back when they read the close, with what they had.
    const returned = new Set<number>();
    for (const [index, reader] of readers.entries()) {
      reader.onClose = () => {
        if (returned.has(index)) return;
        returned.add(index);
        reader.join().catch(() => {});
      };
      reader.resume();
    }
    const has = () => witnesses.filter(({ clocks }) => (clocks.get(SOMEBODY) ?? 0) >= rewriter.clock).length;
    await reached(has, count, 30_000).catch(() => wait(0));
    return {
      kbPerReader: (after - before) / 1_000 / count,
      totalMb: (after - before) / 1_000_000,
      closed: returned.size,
      converged: has() / count,
    };
  },
};

/** Somebody who replaces a long text again and again: much traffic, and a document that stays small. */
class Rewriter {
  readonly #document = new Y.Doc();
  readonly #text = new Y.XmlText();
  #last: Uint8Array = new Uint8Array();
  #round = 0;

  constructor(clientId: number) {
    this.#document.clientID = clientId;
    this.#document.on("update", (update: Uint8Array) => {
      this.#last = update;
    });
  }

  /** Below it everything is written. */
  get clock(): number {
    return Y.getState(this.#document.store, this.#document.clientID);
  }

  write(): Uint8Array {
    this.#document.transact(() => {
      if (this.#round === 0) {
        const paragraph = new Y.XmlElement("paragraph");
        paragraph.insert(0, [this.#text]);
        this.#document.getXmlFragment("default").insert(0, [paragraph]);
      }
      if (this.#text.length > 0) this.#text.delete(0, this.#text.length);
      this.#text.insert(0, String.fromCharCode(97 + (this.#round++ % 26)).repeat(UPDATE_CHARACTERS));
    });
    return this.#last;
  }
}
