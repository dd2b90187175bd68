import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@octavo/test-kit/temp-directory";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readSecrets } from "./secrets.ts";

describe("the installation's secrets", () => {
  let directory: TemporaryDirectory;
  let file: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    file = join(directory.path, "secrets.json");
  });
  afterEach(() => directory.remove());

  test("are generated once, 32 bytes each, for the owner alone", async () => {
    const secrets = await readSecrets(directory.path);
    expect(Object.keys(secrets).toSorted()).toEqual(["cookie", "session", "signing"]);
    const lengths = Object.values(secrets).map(secret => Buffer.from(secret, "base64url").byteLength);
    expect(lengths).toEqual([32, 32, 32]);
    expect(new Set(Object.values(secrets)).size).toBe(3);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readSecrets(directory.path)).toEqual(secrets);
    expect(await readdir(directory.path)).toEqual(["secrets.json"]);
  });

  test("that cannot be used are refused and never replaced", async () => {
    const good = await readSecrets(directory.path);
    const wrong = [
      "",
      "{}",
      "not json",
      "[]",
      JSON.stringify({ ...good, signing: "short" }),
      JSON.stringify({ ...good, cookie: 5 }),
    ];
    for (const text of wrong) {
      await writeFile(file, text);
      await expect(readSecrets(directory.path)).rejects.toMatchObject({
        code: "DATA_DAMAGED",
        message: expect.stringContaining("secrets.json is not valid"),
      });
      expect(await readFile(file, "utf8")).toBe(text);
    }
  });

  test("are not shown in the error", async () => {
    const good = await readSecrets(directory.path);
    await writeFile(file, JSON.stringify({ ...good, cookie: `${good.cookie}x` }));
    const error = await readSecrets(directory.path).catch((caught: unknown) => caught);
    expect(String(error)).not.toContain(good.cookie);
    expect(String(error)).toContain("cookie");
  });

  test.skipIf(process.getuid?.() === 0)("that cannot be read are not replaced either", async () => {
    await readSecrets(directory.path);
    await chmod(file, 0o000);
    await expect(readSecrets(directory.path)).rejects.toMatchObject({ code: "EACCES" });
  });
});
