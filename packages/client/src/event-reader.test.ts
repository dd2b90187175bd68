import { createRandom, seedMessage } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { EventReader, type StreamEvent } from "./event-reader.ts";

function read(...pieces: (string | Uint8Array)[]): StreamEvent[] {
  const events: StreamEvent[] = [];
  const reader = new EventReader(event => events.push(event));
  for (const piece of pieces)
    reader.push(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
  return events;
}

const STREAM =
  `:${" ".repeat(50)}\n\ndata: AAEC\nid: 1\n\n: ping\n\ndata: ${"AA".repeat(500)}\nid: 2\n\ndata: BB\nevent: cut\n\n` +
  'event: close\ndata: {"code":4403,"reason":"FORBIDDEN"}\n\n';

test("T5 events are read", () => {
  expect(read(STREAM)).toEqual([
    { name: "", data: "AAEC", id: "1" },
    { name: "", data: "AA".repeat(500), id: "2" },
    { name: "cut", data: "BB", id: "" },
    { name: "close", data: '{"code":4403,"reason":"FORBIDDEN"}', id: "" },
  ]);
  expect(read(STREAM.replaceAll("\n", "\r\n"))).toEqual(read(STREAM));
});

test("T5 wherever the stream is broken into pieces, it says the same", () => {
  const random = createRandom();
  const bytes = new TextEncoder().encode(STREAM);
  for (let round = 0; round < 200; round++) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = random.int(1, 40);
      pieces.push(bytes.slice(at, at + length));
      at += length;
    }
    expect(read(...pieces), seedMessage(random)).toEqual(read(STREAM));
  }
});
