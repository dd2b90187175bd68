import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";
import { expect, test } from "vitest";
import { StateBodies } from "./document-state.ts";

test("J5 a kept body keeps no more memory than its bytes", async () => {
  const bodies = new StateBodies();
  const compressed = await promisify(brotliCompress)(Buffer.alloc(10_000));
  expect(compressed.buffer.byteLength).toBeGreaterThan(10 * compressed.length);
  const kept = await bodies.get("a", async () => compressed);
  expect(kept.buffer.byteLength).toBe(compressed.length);
  expect(Buffer.from(kept).equals(compressed)).toBe(true);
});
