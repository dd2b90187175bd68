import { eventually } from "@octavo/test-kit";
import { describe, expect, test, vi } from "vitest";
import { Line, type LineLimits, type Visit } from "./line.ts";

const LIMITS: LineLimits = {
  placesPerNetwork: 2,
  places: 10,
  waitingPerNetwork: 3,
  waiting: 4,
  waitMs: 60_000,
};
const lineOf = (limits: Partial<LineLimits> = {}) => new Line({ ...LIMITS, ...limits });

/** What became of a visit by now: in, sent away, or still in line. */
async function stateOf({ entered }: Visit): Promise<"in" | "away" | "waiting"> {
  const waiting = new Promise<undefined>(resolve => setImmediate(resolve, undefined));
  const hasPlace = await Promise.race([entered, waiting]);
  return hasPlace === undefined ? "waiting" : hasPlace ? "in" : "away";
}
const statesOf = (visits: readonly Visit[]) => Promise.all(visits.map(stateOf));
const enter = (line: Line, ...addresses: string[]) => addresses.map(address => line.enter(address));

describe("the line at the door", () => {
  test("M1 who finds no place waits, and comes in as places become free, in the order of coming", async () => {
    const line = lineOf();
    const [first, second, third, fourth] = enter(line, "a", "a", "a", "a") as [Visit, Visit, Visit, Visit];
    expect(await statesOf([first, second, third, fourth])).toEqual(["in", "in", "waiting", "waiting"]);
    first.leave();
    first.leave();
    expect(await statesOf([third, fourth])).toEqual(["in", "waiting"]);
    second.leave();
    expect(await stateOf(fourth)).toBe("in");
  });

  test("M1 who leaves the line keeps nobody waiting, and holds nothing afterwards", async () => {
    const line = lineOf({ placesPerNetwork: 1 });
    const [inside, gone, next] = enter(line, "a", "a", "a") as [Visit, Visit, Visit];
    gone.leave();
    expect(await stateOf(gone)).toBe("away");
    inside.leave();
    expect(await stateOf(next)).toBe("in");
    gone.leave();
    expect(await stateOf(line.enter("a"))).toBe("waiting");
  });

  test("M2 a network's places are its own: those who say nothing keep nobody else waiting", async () => {
    const line = lineOf({ places: 3 });
    enter(line, "192.0.2.1", "192.0.2.1", "192.0.2.1");
    expect(await stateOf(line.enter("192.0.2.2"))).toBe("in");
    expect(await stateOf(line.enter("192.0.2.3"))).toBe("waiting");
  });

  test("M2 an IPv6 /64 is one network", async () => {
    const line = lineOf();
    enter(line, "2001:db8::1", "2001:db8::2");
    expect(await statesOf(enter(line, "2001:db8::3", "2001:db8:0:1::3"))).toEqual(["waiting", "in"]);
  });

  test("M2 networks take turns when places become free", async () => {
    const line = lineOf({ places: 1, waiting: 10 });
    const [inside, a1, a2, b1] = enter(line, "x", "a", "a", "b") as [Visit, Visit, Visit, Visit];
    inside.leave();
    expect(await statesOf([a1, a2, b1])).toEqual(["in", "waiting", "waiting"]);
    a1.leave();
    expect(await statesOf([a2, b1])).toEqual(["waiting", "in"]);
    b1.leave();
    expect(await stateOf(a2)).toBe("in");
  });

  test("M3 the line is bounded by network", async () => {
    const visits = enter(lineOf(), "a", "a", "a", "a", "a", "a");
    expect(await statesOf(visits)).toEqual(["in", "in", "waiting", "waiting", "waiting", "away"]);
  });

  test("M3 in a full line the longest gives one up for a shorter", async () => {
    const line = lineOf({ places: 0, waitingPerNetwork: 10 });
    const long = enter(line, "a", "a", "a", "a");
    expect(await stateOf(line.enter("a"))).toBe("away");
    const short = enter(line, "b", "b");
    expect(await statesOf(long)).toEqual(["waiting", "waiting", "away", "away"]);
    expect(await statesOf(short)).toEqual(["waiting", "waiting"]);
    expect(await stateOf(line.enter("b"))).toBe("away");
  });

  test("M3 nobody waits longer than the deadline", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const [inside, waiting] = enter(lineOf({ placesPerNetwork: 1 }), "a", "a") as [Visit, Visit];
      vi.advanceTimersByTime(LIMITS.waitMs - 1);
      expect(await stateOf(waiting)).toBe("waiting");
      vi.advanceTimersByTime(1);
      expect(await statesOf([inside, waiting])).toEqual(["in", "away"]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("M4 few are let in within one turn of the event loop", async () => {
    const line = lineOf({ placesPerNetwork: 100, places: 100, waitingPerNetwork: 100, waiting: 100 });
    let inside = 0;
    for (const { entered } of enter(line, ...Array<string>(100).fill("a"))) {
      void entered.then(() => inside++);
    }
    let most = 0;
    let before = 0;
    await eventually(async () => {
      await new Promise(resolve => setImmediate(resolve));
      most = Math.max(most, inside - before);
      before = inside;
      return inside === 100;
    });
    expect(most).toBeLessThanOrEqual(64);
  });

  test("M3 a closed line sends everybody away", async () => {
    const line = lineOf({ placesPerNetwork: 1 });
    const [inside, waiting] = enter(line, "a", "a") as [Visit, Visit];
    line.close();
    expect(await statesOf([inside, waiting, line.enter("b")])).toEqual(["in", "away", "away"]);
  });
});
