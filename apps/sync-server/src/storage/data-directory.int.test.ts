import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@octavo/test-kit/temp-directory";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lockDataDirectory } from "./data-directory.ts";

const MODULE = new URL("./data-directory.ts", import.meta.url).href;

describe("the lock on the data directory", () => {
  let root: TemporaryDirectory;
  let dataDir: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    root = await temporaryDirectory();
    dataDir = join(root.path, "data");
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
    await root.remove();
  });

  /** A process that takes the lock, says so or says the error, and stays. */
  async function startHolder(directory = dataDir): Promise<{ child: ChildProcess; said: string }> {
    const script = `import { lockDataDirectory } from ${JSON.stringify(MODULE)};
      try { await lockDataDirectory(${JSON.stringify(directory)}); console.log("locked"); setInterval(() => {}, 1000); }
      catch (error) { console.log(error.code ?? String(error)); }`;
    const child = spawn(
      process.execPath,
      ["--conditions=octavo-source", "--input-type=module", "--eval", script],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    children.push(child);
    const [said] = await once(child.stdout!, "data");
    return { child, said: String(said).trim() };
  }

  test("makes the directory for its owner alone, and gives it back", async () => {
    const lock = await lockDataDirectory(dataDir);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    expect(JSON.parse(await readFile(join(dataDir, "octavo.pid"), "utf8"))).toMatchObject({
      pid: process.pid,
    });
    await lock.release();
    expect(await readdir(dataDir)).toEqual(["lock"]);
    expect(await readdir(join(dataDir, "lock"))).toEqual([]);
    await (await lockDataDirectory(dataDir)).release();
  });

  test("refuses a second server in the same process, and under another name of the directory", async () => {
    const lock = await lockDataDirectory(dataDir);
    const refusal = { code: "DATA_IN_USE", message: expect.stringContaining(`process ${process.pid} `) };
    await expect(lockDataDirectory(dataDir)).rejects.toMatchObject(refusal);
    await expect(lockDataDirectory(join(root.path, "x", "..", "data", "."))).rejects.toMatchObject(refusal);
    await lock.release();
  });

  test("refuses a second process, also while the first one is stopped, and says which it is", async () => {
    const { child, said } = await startHolder();
    expect(said).toBe("locked");
    const refusal = {
      code: "DATA_IN_USE",
      message: expect.stringMatching(`^data is in use by process ${child.pid} `),
    };
    await expect(lockDataDirectory(dataDir)).rejects.toMatchObject(refusal);
    child.kill("SIGSTOP");
    await expect(lockDataDirectory(dataDir)).rejects.toMatchObject(refusal);
  });

  test("ends with its process, however that ends", async () => {
    const { child } = await startHolder();
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    await (await lockDataDirectory(dataDir)).release();
    expect(await readdir(join(dataDir, "lock"))).toEqual([]);
  });

  test("of a dead process is taken over by exactly one of many", async () => {
    const { child } = await startHolder();
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    const here = await Promise.allSettled(Array.from({ length: 8 }, () => lockDataDirectory(dataDir)));
    const taken = here.filter(outcome => outcome.status === "fulfilled");
    expect(taken).toHaveLength(1);
    await taken[0]!.value.release();
    const processes = await Promise.all(Array.from({ length: 4 }, () => startHolder()));
    expect(processes.map(({ said }) => said).toSorted()).toEqual([
      "DATA_IN_USE",
      "DATA_IN_USE",
      "DATA_IN_USE",
      "locked",
    ]);
  });

  test("is not fooled by a copied directory", async () => {
    const lock = await lockDataDirectory(dataDir);
    const copy = join(root.path, "copy");
    await cp(dataDir, copy, { recursive: true, filter: source => !source.endsWith(".lock") });
    await (await lockDataDirectory(copy)).release();
    await lock.release();
  });

  test("works where the path is too long for a socket", async () => {
    vi.stubEnv("TMPDIR", root.path);
    const long = join(root.path, "d".repeat(60), "e".repeat(60));
    const lock = await lockDataDirectory(long);
    await expect(lockDataDirectory(long)).rejects.toMatchObject({ code: "DATA_IN_USE" });
    await lock.release();
    await (await lockDataDirectory(long)).release();
  });

  test.skipIf(process.getuid?.() === 0)("says the command that helps where it may not write", async () => {
    await mkdir(dataDir);
    await chmod(dataDir, 0o500);
    const owner = `${process.getuid!()}:${process.getgid!()}`;
    await expect(lockDataDirectory(dataDir)).rejects.toMatchObject({
      code: "DATA_NOT_WRITABLE",
      message: expect.stringContaining(`chown -R ${owner} '${dataDir}'`),
    });
    await chmod(dataDir, 0o700);
  });

  test("says which path is not a directory", async () => {
    await expect(lockDataDirectory("/dev/null/data")).rejects.toMatchObject({
      code: "DATA_NOT_WRITABLE",
      message: expect.stringContaining("/dev/null/data"),
    });
  });
});
