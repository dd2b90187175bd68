import { statfsSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { eventually, temporaryDirectory } from "@octavo/test-kit";
import { describe, expect, test } from "vitest";
import { textOf } from "../harness.ts";
import { ERRNO, FaultySystem, whyNoFaultySystem } from "./faulty-system.ts";
import { House, IS_LONG, type Writer } from "./kit.ts";
import { mountTmpfs, whyNoMounts } from "./mounts.ts";

const OPERATIONS = IS_LONG ? 500 : 60;

/** Everybody is told within two seconds that nothing is saved, and can go on typing. */
async function expectRefusing(house: House, writers: Writer[], reason: string): Promise<void> {
  const startedAt = performance.now();
  // More than what is left of the last page of a file.
  for (const writer of writers) writer.type(1_000);
  await eventually(() => writers.every(({ storage }) => storage?.writable === false), {
    withinMs: 2_000,
    what: "the message that nothing is saved",
  });
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  for (const writer of writers) {
    for (let edits = 0; edits < 5; edits++) writer.type();
    expect(writer.client.isSaved).toBe(false);
    expect(writer.client.closes).toEqual([]);
  }
  const { reasons } = await eventually(() => house.readiness().then(now => now.status !== "ready" && now), {
    withinMs: 2_000,
    what: "the server to say that it is not ready",
  });
  expect(reasons).toEqual([`documents: ${reason}`]);
}

/** Within five seconds everything is saved, without a restart and without a new connection. */
async function expectRecovered(house: House, writers: Writer[]): Promise<void> {
  await house.allSaved(5_000);
  // Said right after the acknowledgements.
  await eventually(() => writers.every(({ storage }) => storage?.writable), { withinMs: 500 });
  for (const { client } of writers) expect(client.closes).toEqual([]);
  await eventually(async () => (await house.readiness()).status === "ready", { withinMs: 3_000 });
  await house.expectEachTokenOnce();
}

async function twoWriters(house: House): Promise<Writer[]> {
  const documents = [await house.createDocument("One"), await house.createDocument("Two")];
  const writers = [
    await house.writer("ann", documents[0]!),
    await house.writer("bob", documents[0]!),
    await house.writer("cid", documents[1]!),
  ];
  await Promise.all(writers.map(({ client }) => client.synced()));
  for (const writer of writers) writer.type(5);
  await house.allSaved();
  return writers;
}

describe("X3 a full disk", () => {
  test("is told within 2 s, stops no typing, and everything is saved within 5 s once there is room", async ({
    skip,
  }) => {
    const reason = whyNoMounts();
    skip(reason !== undefined, reason);
    await using disk = await mountTmpfs(24);
    await using house = await House.start({ dataDirectory: disk.path });
    const writers = await twoWriters(house);
    const filler = join(disk.path, "filler");
    for (let round = 0; round < (IS_LONG ? 20 : 2); round++) {
      fill(filler);
      await expectRefusing(house, writers, "The disk is full.");
      await rm(filler);
      await expectRecovered(house, writers);
    }
    await house.killAndReturn();
    await house.allSaved();
    await house.expectEachTokenOnce();
  });

  test("loses nothing that was acknowledged when the server is killed on it", async ({ skip }) => {
    const reason = whyNoMounts();
    skip(reason !== undefined, reason);
    await using disk = await mountTmpfs(24);
    await using house = await House.start({ dataDirectory: disk.path });
    const writers = await twoWriters(house);
    const filler = join(disk.path, "filler");
    fill(filler);
    await expectRefusing(house, writers, "The disk is full.");
    await house.server.kill();
    await rm(filler);
    await house.expectNothingLost();
    await house.server.start();
    await house.allSaved();
    await house.expectEachTokenOnce();
  });

  /** Leaves no page free. */
  function fill(filler: string): void {
    const { bavail, bsize } = statfsSync(join(filler, ".."));
    let bytes = bavail * bsize;
    while (bytes > 0) {
      try {
        writeFileSync(filler, Buffer.alloc(bytes), { flag: "a" });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        return;
      }
      bytes = statfsSync(join(filler, "..")).bavail * bsize;
    }
  }
});

test("X5 while the disk is read-only, full or failing, documents open for reading, also those that nobody had open", async ({
  skip,
}) => {
  const whyNot = whyNoFaultySystem();
  skip(whyNot !== undefined, whyNot);
  await using directory = await temporaryDirectory();
  await using system = await FaultySystem.build();
  await using house = await House.start({
    dataDirectory: directory.path,
    environment: { ...system.environment(directory.path), ROOM_LINGER_SECONDS: "0" },
  });
  const cold = await house.createDocument("Cold");
  const before = await house.writer("dan", cold);
  await before.client.synced();
  before.type(20);
  await house.allSaved();
  house.leaves(before);
  const writers = await twoWriters(house);
  await eventually(async () => (await house.metric("octavo_rooms")) === 2, { what: "the cold room to go" });
  for (const errno of [ERRNO.EROFS, ERRNO.ENOSPC, ERRNO.EIO]) {
    system.set("writeError", errno);
    for (const writer of writers) writer.type();
    await eventually(() => writers.every(({ storage }) => storage?.writable === false));
    const reader = await house.writer(`reader${errno}`, cold);
    await reader.client.synced();
    expect(textOf(reader.document)).toContain("dan.20;");
    await eventually(() => reader.storage?.writable === false);
    house.leaves(reader);
    system.set("writeError", 0);
    await expectRecovered(house, writers);
    await eventually(async () => (await house.metric("octavo_rooms")) === 2);
  }
});

describe("X4 a disk that reports errors", () => {
  const faults = [
    ["a write fails with EIO", "writeError", ERRNO.EIO, "The disk reports a read or write error."],
    ["fsync fails with EIO", "syncError", ERRNO.EIO, "The disk reports a read or write error."],
    ["fsync fails with ENOSPC", "syncError", ERRNO.ENOSPC, "The disk is full."],
    ["everything is read-only", "writeError", ERRNO.EROFS, "The disk is read-only."],
  ] as const;

  test.for(faults)(
    "%s: told, typing goes on, saved again by itself; no failed file is written again",
    async ([, slot, errno, reason], { skip }) => {
      const whyNot = whyNoFaultySystem();
      skip(whyNot !== undefined, whyNot);
      await using directory = await temporaryDirectory();
      await using system = await FaultySystem.build();
      await using house = await House.start({
        dataDirectory: directory.path,
        environment: system.environment(directory.path),
      });
      const writers = await twoWriters(house);
      system.set(slot, errno);
      await expectRefusing(house, writers, reason);
      system.set(slot, 0);
      await expectRecovered(house, writers);
      expect(system.get("afterFailure")).toBe(0);
      await house.killAndReturn();
      await house.allSaved();
      await house.expectEachTokenOnce();
    },
  );

  test("fails once, at any of the next operations: nothing is lost, nothing is repeated, nobody is sent away", {
    timeout: 60_000 + OPERATIONS * 1_000,
  }, async ({ skip }) => {
    const whyNot = whyNoFaultySystem();
    skip(whyNot !== undefined, whyNot);
    await using directory = await temporaryDirectory();
    await using system = await FaultySystem.build();
    await using house = await House.start({
      dataDirectory: directory.path,
      environment: system.environment(directory.path),
    });
    const writers = await twoWriters(house);
    for (let n = 1; n <= OPERATIONS; n++) {
      system.failOnce(n, n % 2 === 0 ? ERRNO.EIO : ERRNO.ENOSPC);
      await eventually(
        () => {
          for (const writer of writers) writer.type();
          return system.hasFailed;
        },
        { what: `operation ${n}` },
      );
      await house.allSaved(5_000);
      if (n % 20 === 0) await house.killAndReturn(`operation ${n}`);
    }
    await house.allSaved();
    expect(system.get("afterFailure")).toBe(0);
    for (const { client } of writers) expect(client.closes.filter(({ code }) => code !== 1006)).toEqual([]);
    await house.expectEachTokenOnce();
  });
});
