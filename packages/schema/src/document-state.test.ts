import { describe, expect, test } from "vitest";
import { readDocumentState, writeStateHead } from "./protocol/index.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const updates = [bytes(1, 2, 3), bytes(0, 0), new Uint8Array(1000).fill(7)];

describe("a document's state over HTTP", () => {
  test("is read back, with and without a checkpoint", () => {
    const head = writeStateHead({ epoch: 300, seq: 2 ** 45 + 1, updates });
    expect(readDocumentState(head)).toEqual({ epoch: 300, seq: 2 ** 45 + 1, state: undefined, updates });
    const whole = bytes(...head, 9, 8, 7);
    expect(readDocumentState(whole)).toMatchObject({ state: bytes(9, 8, 7), updates });
  });

  test("is nothing when it ends early, and never larger than its bytes", () => {
    const head = writeStateHead({ epoch: 1, seq: 2, updates });
    for (let end = 0; end < head.length; end++) {
      expect(readDocumentState(head.subarray(0, end)), `${end} bytes`).toBeUndefined();
    }
    const lies = [
      bytes(),
      bytes(2, 0, 0, 0),
      bytes(1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f),
      bytes(1, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
      bytes(1, 0, 0, 1, 5, 1, 2),
      new Uint8Array(20).fill(0xff).fill(1, 0, 1),
    ];
    for (const lie of lies) expect(readDocumentState(lie)).toBeUndefined();
  });
});
