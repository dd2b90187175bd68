import type { AppError } from "@octavo/schema";
import { expect, test } from "vitest";
import { UnreadAnswers } from "./unread-answers.ts";

const limits = { perNetwork: 100, all: 150 };
const tooMany = expect.objectContaining({ code: "TOO_MANY_REQUESTS" }) as AppError;

test("Z8 one network has so much on the way, everybody a little more, and what was read makes room", () => {
  const answers = new UnreadAnswers(limits);
  const read = answers.add("192.0.2.1", new Uint8Array(100));
  expect(() => answers.add("192.0.2.1", new Uint8Array(1))).toThrow(tooMany);
  answers.add("192.0.2.2", new Uint8Array(60));
  expect(() => answers.add("192.0.2.3", new Uint8Array(1))).toThrow(tooMany);
  read();
  answers.add("192.0.2.1", new Uint8Array(10));
  answers.add("192.0.2.3", new Uint8Array(10));
});

test("Z8 the same body for many counts once, until the last has read it", () => {
  const answers = new UnreadAnswers(limits);
  const body = new Uint8Array(90);
  const reads = Array.from({ length: 50 }, () => answers.add("192.0.2.1", body));
  const other = answers.add("192.0.2.1", new Uint8Array(20));
  expect(() => answers.add("192.0.2.1", body)).toThrow(tooMany);
  for (const read of reads.slice(1)) read();
  expect(() => answers.add("192.0.2.1", body)).toThrow(tooMany);
  reads[0]!();
  answers.add("192.0.2.1", new Uint8Array(20));
  other();
});
