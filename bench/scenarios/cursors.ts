import { pace } from "../load/pace.ts";
import { still, wait } from "../load/settled.ts";
import { SOMEBODY } from "../load/typist.ts";
import type { Scenario } from "../scenario.ts";

const MOVES_PER_SECOND = 2;

/** 200 people in one document who move their cursors and type nothing. */
export const cursors: Scenario = {
  name: "cursors",
  rounds: 3,
  rows: [
    {
      what: "CPU per 1,000 cursor moves, 200 cursors",
      unit: "ms",
      of: "cpuPer1000",
      target: { ratioAtMost: 1 / 4 },
    },
    { what: "– frames to each person per 1,000 moves", unit: "", of: "framesPer1000" },
  ],
  async run(bench) {
    const count = bench.size(200, 20);
    const stage = await bench.open([undefined]);
    const people = await stage.people(Array.from({ length: count }, () => 0));
    const clocks = new Array<number>(count).fill(1);
    const move = (index: number) => {
      people[index]!.sendAwareness(SOMEBODY + index, clocks[index]!++, cursorAt(index, clocks[index]!));
    };
    for (let index = 0; index < count; index++) move(index);
    const frames = () => people.reduce((sum, { counts }) => sum + counts.awareness, 0);
    await still(frames, 500);

    const moves = count * MOVES_PER_SECOND * bench.size(6, 1);
    const framesBefore = frames();
    const { cpuMs } = await stage.using(async () => {
      await pace(moves, count * MOVES_PER_SECOND, index => move(index % count));
      await still(frames);
      await wait(100);
    });
    return {
      cpuPer1000: cpuMs && (cpuMs / moves) * 1000,
      framesPer1000: ((frames() - framesBefore) / count / moves) * 1000,
    };
  },
};

/** As the editor says it: two relative positions, and who this is, which Octavo's server says itself. */
export function cursorAt(person: number, clock: number): object {
  const position = { type: { client: 1, clock: 3 }, tname: null, item: { client: 1, clock }, assoc: 0 };
  return {
    cursor: { anchor: position, head: position },
    user: { name: `Person ${person}`, color: "#aa2e4e" },
  };
}
