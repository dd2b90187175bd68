import { createDecoder, readVarString, readVarUint, readVarUint8Array } from "lib0/decoding";
import { describe, expect, test, vi } from "vitest";
import { applyUpdate, Doc, decodeStateVector, encodeStateAsUpdate, encodeStateVector } from "yjs";
import { JoinCache } from "./join-cache.ts";
import { JoinPace } from "./join-pace.ts";

const NOTHING = Uint8Array.of(0);

function documentWith(text: string): Doc {
  const document = new Doc();
  document.getText("body").insert(0, text);
  return document;
}

/** Address, type, step and content of a sync frame. */
function read(frame: Uint8Array) {
  const decoder = createDecoder(frame);
  return {
    address: readVarString(decoder),
    type: readVarUint(decoder),
    step: readVarUint(decoder),
    content: readVarUint8Array(decoder),
  };
}

function textAfter(frame: Uint8Array, before = new Doc()): string {
  applyUpdate(before, read(frame).content);
  return before.getText("body").toString();
}

describe("the answer to sync step 1", () => {
  test("J1 is what the client lacks, and a question for what the server lacks", () => {
    const document = documentWith("one");
    const client = new Doc();
    applyUpdate(client, encodeStateAsUpdate(document));
    document.getText("body").insert(3, " two");
    const { step2, step1 } = new JoinCache(document, "d").answer("d", encodeStateVector(client));
    expect(read(step2)).toMatchObject({ address: "d", type: 0, step: 1 });
    expect(textAfter(step2, client)).toBe("one two");
    expect(read(step1)).toMatchObject({ address: "d", type: 0, step: 0 });
    expect(decodeStateVector(read(step1).content)).toEqual(new Map([[document.clientID, 7]]));
  });

  test("J1 is encoded once for each vector: the same object for everybody", () => {
    const document = documentWith("text");
    const cache = new JoinCache(document, "d");
    const vector = encodeStateVector(document);
    const [first, again] = [cache.answer("d", NOTHING), cache.answer("d", NOTHING)];
    expect(again.step2).toBe(first.step2);
    expect(again.step1).toBe(first.step1);
    expect(cache.answer("d", vector).step2).not.toBe(first.step2);
    expect(cache.answer("d", vector).step2).toBe(cache.answer("d", vector).step2);
  });

  test("J1 is encoded anew after every change", () => {
    const document = documentWith("text");
    const cache = new JoinCache(document, "d");
    const before = cache.answer("d", NOTHING);
    document.getText("body").insert(4, "!");
    const after = cache.answer("d", NOTHING);
    expect(textAfter(before.step2)).toBe("text");
    expect(textAfter(after.step2)).toBe("text!");
    expect(read(after.step1).content).not.toEqual(read(before.step1).content);
  });

  test("J1 goes to a session of its own under that session's address", () => {
    const { step2, step1 } = new JoinCache(documentWith("text"), "d").answer("d\0s", NOTHING);
    expect([read(step2).address, read(step1).address]).toEqual(["d\0s", "d\0s"]);
    expect(textAfter(step2)).toBe("text");
  });

  test("J2 few vectors are remembered, and the document as a whole always", () => {
    const document = documentWith("x".repeat(1000));
    const cache = new JoinCache(document, "d");
    const whole = cache.answer("d", NOTHING).step2;
    const vectorOf = (client: number) => encodeStateVector(new Map([[client, 1]]));
    const first = cache.answer("d", vectorOf(1)).step2;
    for (let client = 2; client < 20; client++) cache.answer("d", vectorOf(client));
    expect(cache.answer("d", NOTHING).step2).toBe(whole);
    expect(cache.answer("d", vectorOf(1)).step2).not.toBe(first);
    const last = vectorOf(19);
    expect(cache.answer("d", last).step2).toBe(cache.answer("d", last).step2);
  });

  test("J2 what is large and not the whole document is not remembered", () => {
    const document = documentWith("x".repeat(3 * 1024 * 1024));
    const cache = new JoinCache(document, "d");
    const vector = encodeStateVector(new Map([[1, 1]]));
    expect(cache.answer("d", vector).step2).not.toBe(cache.answer("d", vector).step2);
    expect(cache.answer("d", NOTHING).step2).toBe(cache.answer("d", NOTHING).step2);
  });

  test("J2 nothing is remembered when nobody comes", () => {
    vi.useFakeTimers();
    try {
      const cache = new JoinCache(documentWith("text"), "d");
      const first = cache.answer("d", NOTHING).step2;
      vi.advanceTimersByTime(20_000);
      expect(cache.answer("d", NOTHING).step2).not.toBe(first);
    } finally {
      vi.useRealTimers();
    }
  });
});

test("J3 the first answer is free; the next waits for its share of time, or for its bytes", () => {
  const pace = new JoinPace();
  expect(pace.waitMs(1000)).toBeLessThanOrEqual(0);
  pace.answered(100, 1000, 1020);
  expect(pace.waitMs(1020)).toBe(200);
  pace.answered(32 * 1024 * 1024, 2000, 2001);
  expect(pace.waitMs(2001)).toBe(2000);
});
