import { createRandom } from "@octavo/test-kit/random";
import { countLost, startTyping } from "../load/losses.ts";
import { pace } from "../load/pace.ts";
import { SOMEBODY, Typist } from "../load/typist.ts";
import { Witness } from "../load/witness.ts";
import type { Scenario } from "../scenario.ts";

const DOCUMENTS = 10;
const LETTERS_PER_SECOND = 20;
const SEED = 1;

/** `kill -9` at random moments while ten people type and ten read along. The long form is `npm run test:long`. */
export const killNine: Scenario = {
  name: "kill-nine",
  rounds: 1,
  rows: [
    {
      what: "acknowledged edits lost in 10 × kill -9",
      unit: "",
      of: "ackedLost",
      target: { atMost: 0 },
    },
    { what: "edits lost that others saw, in 10 × kill -9", unit: "", of: "seenLost", target: { atMost: 0 } },
    { what: "– edits acknowledged in all", unit: "", of: "acked" },
  ],
  async run(bench) {
    const random = createRandom(SEED);
    const stage = await bench.open(Array.from({ length: DOCUMENTS }, () => undefined));
    const documents = Array.from({ length: DOCUMENTS }, (_, index) => index);
    const totals = { acked: 0, ackedLost: 0, seenLost: 0, roundsWithLoss: 0 };
    for (let round = 0; round < bench.size(10, 2); round++) {
      const writers = await stage.people(documents);
      const readers = (await stage.people(documents)).map(client => new Witness(client));
      const typed = startTyping(
        writers,
        documents.map(index => new Typist(SOMEBODY + round * DOCUMENTS + index)),
      );
      const letters = Math.round(random.int(300, bench.size(4_000, 600)) * 0.001 * LETTERS_PER_SECOND);
      const perSecond = DOCUMENTS * LETTERS_PER_SECOND;
      await pace(letters * DOCUMENTS, perSecond, index => typed[index % DOCUMENTS]!.type());
      await stage.kill();
      await stage.start();
      const lost = await countLost(stage, typed, readers);
      totals.acked += typed.reduce((sum, { acked }) => sum + acked(), 0);
      totals.ackedLost += lost.acked;
      totals.seenLost += lost.seen;
      if (lost.acked + lost.seen > 0) totals.roundsWithLoss++;
      for (const { client } of [...typed, ...readers]) client.drop();
    }
    return totals;
  },
};
