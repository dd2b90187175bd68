import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CheckpointMaker } from "./checkpoint-maker.ts";
import { Checkpoints } from "./checkpoints.ts";
import type { Loaded } from "./load.ts";
import type { Room } from "./room.ts";

const KIB = 1024;
let time = 0;

beforeEach(() => {
  time = 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A room whose newest checkpoint has so many bytes, and the seqs at which others are written. */
function roomWith(checkpointBytes: number) {
  const room = { documentId: "d", appliedSeq: 1, bytes: 0, isBroken: false };
  const written: number[] = [];
  const state = { isFailing: false };
  const maker = {
    async write(of: typeof room, onTaken: () => void) {
      const seq = of.appliedSeq;
      onTaken();
      if (state.isFailing) throw new Error("disk");
      written.push(seq);
      return { seq, bytes: checkpointBytes };
    },
  };
  const loaded = {
    checkpoint: { seq: 1, bytes: checkpointBytes },
    tail: { updates: 0, bytes: 0 },
  } as Loaded;
  const checkpoints = new Checkpoints(room as Room, loaded, {
    maker: maker as unknown as CheckpointMaker,
    clock: { now: () => time, monotonic: () => time },
    log: pino({ level: "silent" }),
  });
  const write = async (updates: number, bytes: number) => {
    for (let i = 0; i < updates; i++) {
      room.appliedSeq++;
      checkpoints.applied(bytes);
    }
    await null;
  };
  const pass = async (ms: number) => {
    time += ms;
    await vi.advanceTimersByTimeAsync(ms);
  };
  return { room, checkpoints, written, write, pass, state };
}

test("C2 while people write, one is due at half of the state's size", async () => {
  const { written, write } = roomWith(1024 * KIB);
  await write(511, KIB);
  expect(written).toEqual([]);
  await write(1, KIB);
  expect(written).toEqual([513]);
});

test("C2 for a small document only at 64 KiB, or at 5,000 updates", async () => {
  const bytes = roomWith(KIB);
  await bytes.write(63, KIB);
  expect(bytes.written).toEqual([]);
  await bytes.write(1, KIB);
  expect(bytes.written).toEqual([65]);
  const updates = roomWith(KIB);
  await updates.write(4_999, 10);
  expect(updates.written).toEqual([]);
  await updates.write(1, 10);
  expect(updates.written).toEqual([5_001]);
});

test("C2 a larger state may have an update for each 50 bytes", async () => {
  const { written, write } = roomWith(500_000);
  await write(9_999, 1);
  expect(written).toEqual([]);
  await write(1, 1);
  expect(written).toEqual([10_001]);
});

test("C2 after 30 s of quiet, and at rest, once the log has a quarter of the state's size", async () => {
  const { written, write, pass, checkpoints } = roomWith(100 * KIB);
  await write(24, KIB);
  await pass(30_000);
  expect(await checkpoints.rest()).toBe(true);
  expect(written).toEqual([]);
  await write(1, KIB);
  await pass(29_000);
  expect(written).toEqual([]);
  await pass(1_000);
  expect(written).toEqual([26]);
  await write(25, KIB);
  expect(await checkpoints.rest()).toBe(true);
  expect(written).toEqual([26, 51]);
});

test("C2 none in a pause of a log under 64 updates and 4 KiB, but when the room is left", async () => {
  const updates = roomWith(10);
  await updates.write(63, 10);
  await updates.pass(30_000);
  expect(updates.written).toEqual([]);
  await updates.write(1, 10);
  await updates.pass(30_000);
  expect(updates.written).toEqual([65]);
  const bytes = roomWith(10);
  await bytes.write(3, KIB);
  await bytes.pass(30_000);
  expect(bytes.written).toEqual([]);
  await bytes.write(1, KIB);
  await bytes.pass(30_000);
  expect(bytes.written).toEqual([5]);
  await bytes.write(1, 10);
  expect(await bytes.checkpoints.rest()).toBe(true);
  expect(bytes.written).toEqual([5, 6]);
});

test("C2 one that fails is tried again half a minute later, with all that it would have had", async () => {
  const { written, write, pass, state, checkpoints } = roomWith(KIB);
  state.isFailing = true;
  await write(64, KIB);
  expect(await checkpoints.rest()).toBe(false);
  state.isFailing = false;
  await write(10, KIB);
  expect(written).toEqual([]);
  await pass(30_000);
  expect(written).toEqual([75]);
});
