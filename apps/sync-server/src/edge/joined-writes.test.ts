import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { JoinedWrites, WriteTurn } from "./joined-writes.ts";

/** A stream that keeps what each write to the system would be. */
class Recorder extends Writable {
  readonly writes: Buffer[][] = [];

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.writes.push([chunk]);
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.writes.push(chunks.map(({ chunk }) => chunk));
    done();
  }
}

function setUp(count = 1) {
  const turn = new WriteTurn();
  const target = { isOpen: true, written: 0, onWritten: () => void target.written++ };
  const streams = Array.from({ length: count }, () => new Recorder());
  const sockets = streams.map(stream => new JoinedWrites(stream as never, turn, target));
  return { target, streams, sockets, [Symbol.iterator]: () => sockets[Symbol.iterator]() };
}

const turnOver = () => new Promise(resolve => setImmediate(resolve));
const frame = (length: number, byte = 7) => new Uint8Array(length).fill(byte);

test("K8 what is sent in a turn is one write at its end, in order", async () => {
  const { sockets, streams } = setUp();
  for (const byte of [1, 2, 3]) sockets[0]!.add(frame(2, byte));
  expect(streams[0]!.writes).toEqual([]);
  expect(sockets[0]!.bytes).toBe(6);
  await turnOver();
  expect(streams[0]!.writes).toEqual([[Buffer.from([0x82, 2, 1, 1, 0x82, 2, 2, 2, 0x82, 2, 3, 3])]]);
  expect(sockets[0]!.bytes).toBe(0);
});

test.each([
  [125, [0x82, 125]],
  [126, [0x82, 126, 0, 126]],
  [65_535, [0x82, 126, 255, 255]],
  [65_536, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
])("K8 a message of %i bytes begins as RFC 6455 says", async (length, header) => {
  const { sockets, streams } = setUp();
  sockets[0]!.add(frame(length));
  await turnOver();
  const bytes = Buffer.concat(streams[0]!.writes.flat());
  expect([...bytes.subarray(0, header.length)]).toEqual(header);
  expect(bytes.length).toBe(header.length + length);
});

test("K8 a small frame for many is made to a message once, a large one is never copied", async () => {
  const { sockets, streams } = setUp(3);
  const [small, large] = [frame(10), frame(100_000)];
  for (const socket of sockets) socket.add(small);
  await turnOver();
  const [first, second] = streams.map(({ writes }) => writes[0]![0]!);
  expect(first).toBe(second);
  for (const socket of sockets) for (const one of [small, large, small]) socket.add(one);
  await turnOver();
  for (const { writes } of streams) {
    expect(writes.length).toBe(2);
    expect(writes[1]!.some(chunk => chunk.buffer === large.buffer)).toBe(true);
    expect(Buffer.concat(writes[1]!).length).toBe(12 + 10 + 100_000 + 12);
  }
});

test("K8 nothing follows a close", async () => {
  const { sockets, streams, target } = setUp();
  sockets[0]!.add(frame(2));
  target.isOpen = false;
  await turnOver();
  expect(streams[0]!.writes).toEqual([]);
});

test("B1 somebody who is watched is told about as its bytes leave", async () => {
  const { sockets, target } = setUp();
  sockets[0]!.add(frame(2));
  await turnOver();
  expect(target.written).toBe(0);
  sockets[0]!.isWatched = true;
  sockets[0]!.add(frame(2));
  await turnOver();
  await turnOver();
  expect(target.written).toBe(1);
});
