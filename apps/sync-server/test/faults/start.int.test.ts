import { readdir, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import {
  freePort,
  ServerProcess,
  startServerProcess,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@octavo/test-kit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { House } from "./kit.ts";
import { mountBound, mountTmpfs, whyNoMounts } from "./mounts.ts";

/** The words and the exit code with which a server on this directory refuses to start. */
async function refusal(dataDirectory: string): Promise<string> {
  const error = await startServerProcess({ dataDirectory }).then(
    async server => {
      await server[Symbol.asyncDispose]();
      return new Error("it started");
    },
    (reason: Error) => reason,
  );
  expect(error.message).toContain("The server ended with 1 at its start");
  return error.message;
}

let root: TemporaryDirectory;
let dataDirectory: string;
beforeEach(async () => {
  root = await temporaryDirectory();
  dataDirectory = join(root.path, "data");
});
afterEach(() => root.remove());

describe("X6 one server a data directory", () => {
  test("a second one is refused by the same path, by a link and through another mount, and changes nothing", async ({
    skip,
  }) => {
    await using house = await House.start({ dataDirectory });
    const writer = await house.writer("ann", await house.createDocument());
    await writer.client.synced();
    const inUse = `data is in use by process ${house.server.pid} `;
    expect(await refusal(dataDirectory)).toContain(inUse);
    await symlink(dataDirectory, join(root.path, "link"));
    expect(await refusal(join(root.path, "link"))).toContain(inUse);
    writer.type(10);
    await house.allSaved();
    await house.expectEachTokenOnce();
    const reason = whyNoMounts();
    skip(reason !== undefined, reason);
    await using bound = await mountBound(dataDirectory);
    expect(await refusal(bound.path)).toContain(inUse);
  });

  test("a second one is refused when somebody removed the lock of the first", async () => {
    await using house = await House.start({ dataDirectory });
    const writer = await house.writer("ann", await house.createDocument());
    await writer.client.synced();
    await rm(join(dataDirectory, "lock"), { recursive: true });
    await rm(join(dataDirectory, "octavo.pid"));
    expect(await refusal(dataDirectory)).toContain("data is in use by another process");
    writer.type(10);
    await house.killAndReturn();
    await house.allSaved();
    await house.expectEachTokenOnce();
  });

  test("a stopped one is still there; a dead one is not, and leaves its directory to the next", async () => {
    await using house = await House.start({ dataDirectory });
    house.server.signal("SIGSTOP");
    expect(await refusal(dataDirectory)).toContain(`data is in use by process ${house.server.pid} `);
    house.server.signal("SIGCONT");
    await house.server.kill();
    await house.server.start();
  });
});

describe("X7 data that is not there", () => {
  const parts = ["documents", "documents/CURRENT", "catalog.sqlite"];

  test.each(parts)(
    "without %s the server refuses to start, makes nothing new, and starts when it is back",
    async part => {
      await using house = await House.start({ dataDirectory });
      const writer = await house.writer("ann", await house.createDocument());
      await writer.client.synced();
      writer.type(10);
      await house.allSaved();
      await house.server.stop();
      await rename(join(dataDirectory, part), join(root.path, "away"));
      const before = await readdir(dataDirectory, { recursive: true });
      expect(await refusal(dataDirectory)).toMatch(
        /is missing\. Nothing was changed\. Is the right volume mounted\?/,
      );
      expect(await readdir(dataDirectory, { recursive: true })).toEqual(before);
      await rename(join(root.path, "away"), join(dataDirectory, part));
      await house.server.start();
      await house.allSaved();
      await house.expectEachTokenOnce();
    },
  );
});

describe("X5 a read-only file system", () => {
  test("refuses the start in plain words: a server that cannot write does not pretend to", async ({
    skip,
  }) => {
    const reason = whyNoMounts();
    skip(reason !== undefined, reason);
    await using disk = await mountTmpfs(24);
    const server = new ServerProcess({}, await freePort(), disk.path);
    await server.start();
    await server.stop();
    disk.remount("ro");
    const said = await refusal(disk.path);
    expect(said).toContain(`${disk.path} cannot be written`);
    expect(said).toContain("read-only file system");
    disk.remount("rw");
    await server.start();
    await server.stop();
  });
});
