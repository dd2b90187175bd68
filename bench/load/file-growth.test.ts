import { appendFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "@octavo/test-kit/eventually";
import { temporaryDirectory } from "@octavo/test-kit/temp-directory";
import { expect, it } from "vitest";
import { FileGrowth } from "./file-growth.ts";

it("counts what was appended, also to files that are gone again, and not what was there", async () => {
  await using directory = await temporaryDirectory();
  const [old, brief] = [join(directory.path, "old"), join(directory.path, "brief")];
  await writeFile(old, "x".repeat(1_000));
  const growth = await FileGrowth.begin(directory.path);
  await appendFile(old, "y".repeat(30));
  await writeFile(brief, "z".repeat(500));
  await eventually(() => growth.bytes === 530);
  await rm(brief);
  await writeFile(join(directory.path, "index-shm"), "w".repeat(32_768));
  expect(await growth.end()).toBe(530);
});
