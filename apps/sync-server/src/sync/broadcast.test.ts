import { createRandom, seedMessage } from "@octavo/test-kit";
import { createDecoder, readVarString, readVarUint, readVarUint8Array } from "lib0/decoding";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { applyUpdate, type Doc, encodeStateAsUpdate, equalSnapshots, snapshot, Doc as YDoc } from "yjs";
import { recordedDocument, textOf } from "../../test/harness.ts";
import { randomEdit } from "../../test/random-edits.ts";
import { Broadcaster, mergeInTree, type Recipient, windowMs } from "./broadcast.ts";
import { readUpdate } from "./guard.ts";
import { keepFormatting } from "./upstream.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A member that keeps what it is sent, or only notes what it has when it does not read. */
class Member implements Recipient {
  readonly address: string;
  readonly frames: Uint8Array[] = [];
  isReading = true;
  since: Uint8Array | undefined;

  constructor(address = "document") {
    this.address = address;
  }

  sendUpdate(frame: Uint8Array, before: () => Uint8Array): void {
    if (this.isReading && this.since === undefined) this.frames.push(frame);
    else this.since ??= before();
  }

  get updates(): Uint8Array[] {
    return this.frames.map(frame => {
      const decoder = createDecoder(frame);
      expect([readVarString(decoder), readVarUint(decoder), readVarUint(decoder)]).toEqual([
        this.address,
        0,
        2,
      ]);
      return readVarUint8Array(decoder);
    });
  }
}

function setUp(count: number) {
  const document = new YDoc();
  const members = Array.from({ length: count }, () => new Member());
  const errors: unknown[] = [];
  let now = 1000;
  const broadcaster = new Broadcaster(document, {
    members: new Set(members),
    clock: { now: () => now, monotonic: () => now },
    onError: error => errors.push(error),
  });
  const source = recordedDocument();
  return {
    members,
    errors,
    document,
    broadcaster,
    source: source.document,
    /** Types letters, one update each, applies them and gives them to the broadcaster as of one commit. */
    type(letters: string, origin?: Recipient) {
      const at = source.updates.length;
      for (const letter of letters) source.document.getText("t").insert(0, letter);
      const updates = source.updates.slice(at);
      document.transact(() => updates.forEach(update => void applyUpdate(document, update)));
      broadcaster.add(updates.map(update => ({ update, sketch: sketchOf(update), origin })));
    },
    async passes(ms: number) {
      now += ms;
      vi.advanceTimersByTime(ms);
      await new Promise(resolve => setImmediate(resolve));
    },
    sent: () => members.map(({ frames }) => frames.length),
  };
}

function sketchOf(update: Uint8Array) {
  const reading = readUpdate(update, undefined);
  if (!reading.ok) throw new Error(reading.reason);
  return reading.sketch;
}

const textIn = (updates: readonly Uint8Array[]) => {
  const document = new YDoc();
  for (const update of updates) applyUpdate(document, update);
  return document.getText("t").toString();
};

test("K1 the window grows with the room, from none at all to a tenth of a second", () => {
  expect([1, 2, 10, 50].map(count => windowMs(count, 0))).toEqual([0, 0, 0, 0]);
  expect(windowMs(100, 0)).toBeCloseTo(3.84);
  expect(windowMs(100, 0.2)).toBeCloseTo(6);
  expect(windowMs(500, 0)).toBeCloseTo(96);
  expect(windowMs(100_000, 1000)).toBe(100);
});

test("K1 the first update after a quiet time goes at once, the next ones together when the window ends", async () => {
  const room = setUp(501);
  room.type("a", room.members[500]);
  await room.passes(0);
  expect(room.members[0]?.frames.length).toBe(1);
  room.type("b", room.members[500]);
  await room.passes(40);
  room.type("c", room.members[500]);
  await room.passes(55);
  expect(room.members[0]?.frames.length).toBe(1);
  await room.passes(1);
  expect(room.members[0]?.frames.length).toBe(2);
  expect(textIn(room.members[0]!.updates)).toBe("cba");
  await room.passes(96);
  room.type("d", room.members[500]);
  await room.passes(0);
  expect(new Set(room.sent().slice(0, 500))).toEqual(new Set([3]));
});

test("K1 in a small room nothing waits for the next turn, and a commit goes as one frame", async () => {
  const room = setUp(3);
  room.type("ab");
  await room.passes(0);
  room.type("c");
  await room.passes(0);
  expect(room.sent()).toEqual([2, 2, 2]);
  expect(textIn(room.members[2]!.updates)).toBe("cba");
});

test("K2 what goes out are the bytes that came in, one object for all who share an address", async () => {
  const room = setUp(2);
  const other = new Member("document\0session");
  const update = encodeStateAsUpdate(recorded("x"));
  applyUpdate(room.document, update);
  const broadcaster = new Broadcaster(room.document, {
    members: new Set([...room.members, other]),
    clock: { now: () => 0, monotonic: () => 0 },
    onError: () => {},
  });
  broadcaster.add([{ update, sketch: sketchOf(update), origin: undefined }]);
  await room.passes(0);
  expect(room.members[0]?.updates).toEqual([update]);
  expect(room.members[0]?.frames[0]).toBe(room.members[1]?.frames[0]);
  expect(other.updates).toEqual([update]);
});

test("K3 the only one who wrote gets nothing back; of several, everybody gets all", async () => {
  const room = setUp(3);
  const [first, second] = room.members;
  room.type("a", first);
  room.type("b", first);
  await room.passes(0);
  expect(room.sent()).toEqual([0, 1, 1]);
  room.type("c", first);
  room.type("d", second);
  await room.passes(0);
  expect(room.sent()).toEqual([1, 2, 2]);
  expect(textIn(room.members[2]!.updates)).toBe("dcba");
});

test("K3 somebody alone in a document costs no merging", async () => {
  const room = setUp(1);
  const update = Uint8Array.of(1, 1, 1, 0, 99);
  const sketch = { clients: [], deletions: [], deletionsAt: 0 };
  const [origin] = room.members;
  room.broadcaster.add([
    { update, sketch, origin },
    { update, sketch, origin },
  ]);
  await room.passes(0);
  expect([room.errors, room.sent()]).toEqual([[], [0]]);
});

test("K3 the server's own writes go to everybody", async () => {
  const room = setUp(2);
  room.type("a");
  await room.passes(0);
  expect(room.sent()).toEqual([1, 1]);
});

test("K4 a flood goes out in bounded frames, with turns between them", async () => {
  const room = setUp(1);
  room.type("x".repeat(5000));
  await room.passes(0);
  expect(room.sent()).toEqual([1]);
  for (let i = 0; i < 4; i++) await room.passes(1);
  expect(room.sent()).toEqual([5]);
  expect(textIn(room.members[0]!.updates).length).toBe(5000);
});

test("K4 20,000 updates merge in a tenth of a second; all at once they would take ten", () => {
  const { document, updates } = recordedDocument();
  for (let i = 0; i < 20_000; i++) document.getText("t").insert(0, "x");
  const startedAt = performance.now();
  mergeInTree(updates);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test("K5 merged frames leave the same document as the updates one by one", () => {
  const random = createRandom();
  for (let round = 0; round < 15; round++) {
    const writers = Array.from({ length: 3 }, () => recordedDocument(random.int(1, 2 ** 32 - 1)));
    const log: Uint8Array[] = [];
    const seen = writers.map(() => 0);
    for (let step = 0; step < 120; step++) {
      const index = random.int(0, writers.length - 1);
      const writer = writers[index]!;
      for (; seen[index]! < log.length && random.bool(0.9); seen[index]!++) {
        applyUpdate(writer.document, log[seen[index]!]!, "server");
      }
      const before = writer.updates.length;
      randomEdit(writer.document, random);
      log.push(...writer.updates.slice(before));
    }
    const [single, merged] = [new YDoc(), new YDoc()];
    // What a reader cleans up by itself is an edit of its own.
    for (const document of [single, merged]) keepFormatting(document);
    for (const update of log) applyUpdate(single, update);
    for (let at = 0; at < log.length; ) {
      const count = random.int(1, 40);
      applyUpdate(merged, mergeInTree(log.slice(at, at + count)));
      at += count;
    }
    expect(log.length, seedMessage(random)).toBeGreaterThan(50);
    expectSame(merged, single, seedMessage(random));
  }
});

test("K6 who did not read is told what was sent before the first frame that it missed", async () => {
  const room = setUp(2);
  const slow = room.members[0]!;
  room.type("a");
  await room.passes(0);
  slow.isReading = false;
  // More than one frame in one commit: the document is already ahead of both when the first is dropped.
  room.type("x".repeat(1500));
  await room.passes(1);
  await room.passes(1);
  room.type("b");
  await room.passes(0);
  const document = new YDoc();
  for (const update of [...slow.updates, encodeStateAsUpdate(room.document, slow.since)])
    applyUpdate(document, update);
  expectSame(document, room.document);
  // And no more than that.
  expect(slow.since?.length).toBeLessThan(10);
  expect(encodeStateAsUpdate(room.document, slow.since).length).toBeLessThan(
    encodeStateAsUpdate(room.document).length,
  );
});

test("K7 what cannot be merged ends the room and not the process", async () => {
  const room = setUp(2);
  const update = Uint8Array.of(1, 1, 1, 0, 99);
  const sketch = { clients: [], deletions: [], deletionsAt: 0 };
  room.broadcaster.add([
    { update, sketch, origin: undefined },
    { update, sketch, origin: undefined },
  ]);
  await room.passes(0);
  expect(room.errors.length).toBe(1);
  expect(room.sent()).toEqual([0, 0]);
});

test("K1 nothing is sent after the room was stopped", async () => {
  const room = setUp(200);
  room.type("a");
  await room.passes(0);
  room.type("b");
  room.broadcaster.stop();
  await room.passes(100);
  expect(new Set(room.sent())).toEqual(new Set([1]));
});

function recorded(text: string): Doc {
  const { document } = recordedDocument();
  document.getText("t").insert(0, text);
  return document;
}

function expectSame(actual: Doc, expected: Doc, message?: string): void {
  expect(textOf(actual), message).toBe(textOf(expected));
  expect(actual.getText("t").toString(), message).toBe(expected.getText("t").toString());
  expect(equalSnapshots(snapshot(actual), snapshot(expected)), message).toBe(true);
}
