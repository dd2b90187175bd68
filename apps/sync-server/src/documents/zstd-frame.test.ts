import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { createRandom } from "@octavo/test-kit";
import { describe, expect, test } from "vitest";
import { prependToFrame } from "./zstd-frame.ts";

const random = createRandom(7);
const noise = (bytes: number) => Buffer.from(Array.from({ length: bytes }, () => random.int(0, 255)));
const words = (count: number) =>
  Buffer.from(Array.from({ length: count }, () => `word${random.int(0, 500)} `).join(""));
const around = (before: Buffer, frame: Uint8Array) => {
  const joined = prependToFrame(before, frame);
  return joined && zstdDecompressSync(joined);
};

describe("what is put before a stored frame", () => {
  test.each([
    ["nothing", Buffer.alloc(0)],
    ["one byte", Buffer.of(65)],
    ["200 bytes", noise(200)],
    ["300 bytes", words(50)],
    ["70 kB", words(10_000)],
    ["zeros", Buffer.alloc(400_000)],
    ["noise over several blocks", noise(300_000)],
    ["5 MB", Buffer.concat(Array.from({ length: 5 }, () => words(140_000)))],
  ])("J5 comes out before its content: %s", (_, content) => {
    for (const before of [Buffer.alloc(0), Buffer.from("head"), words(60_000)]) {
      for (const params of [
        {},
        { [constants.ZSTD_c_checksumFlag]: 1 },
        { [constants.ZSTD_c_contentSizeFlag]: 0 },
        { [constants.ZSTD_c_compressionLevel]: 9 },
      ]) {
        const whole = around(before, zstdCompressSync(content, { params }));
        expect(whole?.equals(Buffer.concat([before, content]))).toBe(true);
      }
    }
  });

  test("J5 is not put before what is not one simple frame", () => {
    const frame = zstdCompressSync(words(100));
    for (const other of [
      Buffer.alloc(0),
      Buffer.from("not a frame at all"),
      frame.subarray(0, frame.length - 1),
      Buffer.concat([frame, frame]),
      Buffer.concat([frame, Buffer.of(0)]),
    ]) {
      expect(prependToFrame(Buffer.from("head"), other)).toBeUndefined();
    }
  });

  test("J5 is not put before a frame with a larger window than browsers take", () => {
    const frameOf = (windowLog: number) =>
      Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3, (1 << 3) | 1, 0, 0, 65);
    expect(String(around(Buffer.from("head"), frameOf(23)))).toBe("headA");
    expect(prependToFrame(Buffer.from("head"), frameOf(24))).toBeUndefined();
  });
});
