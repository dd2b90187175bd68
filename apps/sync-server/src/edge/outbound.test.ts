import { createRandom, seedMessage } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { Outbound } from "./outbound.ts";

const sum = (frames: Uint8Array[]) => frames.reduce((bytes, { length }) => bytes + length, 0);

test("T5 however often it is cut, what leaves again is what the client does not have, in order", () => {
  const random = createRandom();
  for (let round = 0; round < 200; round++) {
    const outbound = new Outbound();
    const frames: Uint8Array[] = [];
    let has = 0;
    let left = 0;
    for (let step = 0; step < 60; step++) {
      const act = random.int(0, 4);
      if (act <= 1) {
        frames.push(random.bytes(random.int(1, 9)));
        outbound.push(frames.at(-1)!);
      } else if (act === 2 && left < frames.length) {
        expect(outbound.nextNumber, seedMessage(random)).toBe(left + 1);
        expect(outbound.peek(), seedMessage(random)).toBe(frames[left++]);
        outbound.advance();
      } else if (act === 3) {
        has = random.int(has, left);
        expect(outbound.confirm(has), seedMessage(random)).toBe(true);
        expect(outbound.confirm(random.int(left + 1, left + 9)), seedMessage(random)).toBe(false);
      } else if (act === 4) {
        has = left = random.int(has, left);
        expect(outbound.rewind(has), seedMessage(random)).toBe(true);
      }
      expect(outbound.unsentBytes, seedMessage(random)).toBe(sum(frames.slice(left)));
      expect(outbound.unconfirmedBytes, seedMessage(random)).toBe(sum(frames.slice(has, left)));
    }
  }
});

test("T5 what was forgotten cannot leave again, what was kept can", () => {
  const outbound = new Outbound();
  for (let i = 0; i < 10; i++) {
    outbound.push(new Uint8Array(1_000));
    outbound.advance();
  }
  outbound.push(new Uint8Array(1_000));
  outbound.trim(3_500);
  expect(outbound.unconfirmedBytes).toBe(3_000);
  expect(outbound.rewind(6)).toBe(false);
  expect(outbound.rewind(11)).toBe(false);
  expect(outbound.nextNumber).toBe(11);
  expect(outbound.rewind(7)).toBe(true);
  expect(outbound.nextNumber).toBe(8);
  expect(outbound.unsentBytes).toBe(4_000);
  outbound.clear();
  expect([outbound.unsentBytes, outbound.unconfirmedBytes, outbound.peek()]).toEqual([0, 0, undefined]);
});
