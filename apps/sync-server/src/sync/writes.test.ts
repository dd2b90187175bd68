import { LIMITS } from "@octavo/schema";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Doc } from "yjs";
import { recordedDocument, writeParagraph } from "../../test/harness.ts";
import type { Room } from "./room.ts";
import { Turns } from "./turns.ts";
import { Writes } from "./writes.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Writes into an empty room that takes nothing yet. */
function writesIntoNothing() {
  const document = new Doc();
  const room = {
    document,
    names: undefined,
    bytes: 0,
    clockOf: () => 0,
    waitingStruct: () => undefined,
    ownerOf: () => undefined,
    holding: new Set(),
    whenApplied: (callback: () => void) => callback(),
  } as unknown as Room;
  const heard: string[] = [];
  const writes = new Writes(room, {} as ConstructorParameters<typeof Writes>[1], {
    actor: "user:a",
    isWritable: true,
    turns: new Turns(),
    events: {
      acked: () => heard.push("acked"),
      refused: code => heard.push(`refused ${code}`),
      missing: () => heard.push("missing"),
      close: code => heard.push(`close ${code}`),
    },
  });
  return { writes, heard };
}

const secondOfTwo = () => {
  const { document, updates } = recordedDocument();
  writeParagraph(document, "first");
  writeParagraph(document, "second");
  return updates[1]!;
};

test("H2 what is held longer than it may ends the connection", () => {
  const { writes, heard } = writesIntoNothing();
  writes.receive("update", secondOfTwo(), 0);
  vi.advanceTimersByTime(LIMITS.heldMs - 1);
  expect(heard).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(heard).toEqual(["close HELD_TOO_LONG"]);
});

test("H1 the other side is asked once, and only after it said what it has", () => {
  const { writes, heard } = writesIntoNothing();
  writes.receive("update", secondOfTwo(), 0);
  expect(heard).toEqual([]);
  writes.receive("step2", secondOfTwo(), 0);
  writes.receive("update", secondOfTwo(), 0);
  expect(heard).toEqual(["missing"]);
});

test("R1 what is held is refused once, together, when the right to write ends; nothing waits afterwards", () => {
  const { writes, heard } = writesIntoNothing();
  writes.receive("update", secondOfTwo(), 0);
  writes.receive("update", secondOfTwo(), 0);
  writes.setWritable(false);
  vi.advanceTimersByTime(2 * LIMITS.heldMs);
  expect(heard).toEqual(["refused READ_ONLY"]);
});
