import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { eventually, nextEvent, within } from "./eventually.ts";

describe("eventually", () => {
  it("resolves with the first value that is there", async () => {
    let calls = 0;
    expect(await eventually(() => (++calls < 3 ? undefined : calls))).toBe(3);
  });

  it("counts a throw as not yet", async () => {
    let calls = 0;
    const check = () => {
      if (++calls < 3) throw new Error("not yet");
      return true;
    };
    expect(await eventually(check)).toBe(true);
  });

  it("takes 0 and the empty text as values", async () => {
    expect(await eventually(() => 0)).toBe(0);
    expect(await eventually(() => "")).toBe("");
  });

  it("says what it waited for, with the last error as cause", async () => {
    const check = () => {
      throw new Error("door closed");
    };
    await expect(eventually(check, { withinMs: 30, what: "the door" })).rejects.toMatchObject({
      message: "Waited 30 ms for the door",
      cause: { message: "door closed" },
    });
  });
});

describe("within", () => {
  it("hands on the outcome, good or bad", async () => {
    expect(await within(Promise.resolve(1))).toBe(1);
    await expect(within(Promise.reject(new Error("no")))).rejects.toThrow("no");
  });

  it("fails at the deadline", async () => {
    await expect(within(new Promise(() => {}), { withinMs: 20, what: "nothing" })).rejects.toThrow(
      "Waited 20 ms for nothing",
    );
  });
});

describe("nextEvent", () => {
  it("passes over events that are not accepted and leaves no listener", async () => {
    const emitter = new EventEmitter();
    const event = nextEvent<[number]>(emitter, "tick", { accepts: n => n > 1 });
    emitter.emit("tick", 1);
    emitter.emit("tick", 2);
    expect(await event).toEqual([2]);
    expect(emitter.listenerCount("tick")).toBe(0);
  });
});
