import { connect } from "node:net";
import { eventually, temporaryDirectory } from "@octavo/test-kit";
import { describe, expect, test } from "vitest";
import { ERRNO, FaultySystem, whyNoFaultySystem } from "./faulty-system.ts";
import { House, IS_LONG, type Writer } from "./kit.ts";

const MEMBERS = IS_LONG ? 1_000 : 200;
const DOCUMENTS = 20;
const DEADLINE_MS = 5_000;

/** Ends the server with the signal; its exit code and the time it took. */
async function end(
  house: House,
  signal: NodeJS.Signals = "SIGTERM",
): Promise<{ code: number | null; ms: number }> {
  const startedAt = performance.now();
  house.server.signal(signal);
  const code = await house.server.ended(DEADLINE_MS * 3);
  return { code, ms: performance.now() - startedAt };
}

async function typing(house: House, members: number, everyMs: number) {
  const documents = await Promise.all(
    Array.from({ length: DOCUMENTS }, (_, n) => house.createDocument(`${n}`)),
  );
  const writers: Writer[] = [];
  for (let member = 0; member < members; member++)
    writers.push(await house.writer(`m${member}`, documents[member % DOCUMENTS]!, { reconnectMs: 500 }));
  await eventually(() => writers.every(({ client }) => client.provider.isSynced), { withinMs: 60_000 });
  for (const writer of writers) writer.keepTyping(everyMs);
  await eventually(() => writers.every(({ client }) => client.ledger.acked.length > 2), { withinMs: 60_000 });
  return writers;
}

describe("X11 SIGTERM", () => {
  test(`with ${MEMBERS} members who write: under 5 s, exit code 0, everybody told to come back, nothing lost`, {
    timeout: 300_000,
  }, async () => {
    await using house = await House.start();
    const writers = await typing(house, MEMBERS, MEMBERS * 2);
    const { code, ms } = await end(house);
    for (const writer of writers) writer.rest();
    console.log(`${MEMBERS} members: ${Math.round(ms)} ms from SIGTERM to exit`);
    expect({ code, isInTime: ms < DEADLINE_MS }).toEqual({ code: 0, isInTime: true });
    await eventually(() => writers.every(({ client }) => client.closes.length > 0));
    const closes = new Set(writers.map(({ client }) => JSON.stringify(client.closes[0])));
    expect([...closes]).toEqual(['{"code":1012,"reason":"SHUTTING_DOWN"}']);
    await house.expectNothingLost();
    // Checkpoints were written: nothing is left to replay.
    expect(house.logged("rooms.drained")[0]).toMatchObject({ isClean: true });
    await house.server.start();
    await house.allSaved(60_000);
    await house.expectEachTokenOnce();
  });

  const stores = [
    ["writes fail", "writeError", ERRNO.EIO],
    ["the disk is full", "syncError", ERRNO.ENOSPC],
    ["fsync never returns", "hangs", 1],
  ] as const;

  test.for(stores)(
    "while %s: under 5 s, an exit code that says so, nothing acknowledged lost",
    async ([, slot, value], { skip }) => {
      const whyNot = whyNoFaultySystem();
      skip(whyNot !== undefined, whyNot);
      await using directory = await temporaryDirectory();
      await using system = await FaultySystem.build();
      await using house = await House.start({
        dataDirectory: directory.path,
        environment: system.environment(directory.path),
      });
      const writers = await typing(house, 10, 20);
      system.set(slot, value);
      const waiting = writers[0]!.client.ledger.acked.length;
      await eventually(() => writers.every(({ client }) => !client.isSaved));
      const { code, ms } = await end(house);
      system.set(slot, 0);
      for (const writer of writers) writer.rest();
      console.log(`${slot}: ${Math.round(ms)} ms from SIGTERM to exit with ${code}`);
      expect({ code, isInTime: ms < DEADLINE_MS }).toEqual({ code: 1, isInTime: true });
      expect(waiting).toBeGreaterThan(0);
      await house.expectNothingLost();
      await house.server.start();
      await house.allSaved(20_000);
      await house.expectEachTokenOnce();
    },
  );

  test("with requests that never end and a visitor who sends nothing: under 5 s", async () => {
    await using house = await House.start();
    await typing(house, 10, 20);
    const { port } = house.server;
    const sockets = [
      "POST /api/v1/documents HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{",
      "GET /sync/v1/x HTTP/1.1\r\nHost: a\r\n",
      "",
    ].map(text => {
      const socket = connect(port, "127.0.0.1", () => socket.write(text));
      socket.on("error", () => {});
      return socket;
    });
    await eventually(() => sockets.every(({ readyState }) => readyState === "open"));
    const { code, ms } = await end(house);
    expect({ code, isInTime: ms < DEADLINE_MS }).toEqual({ code: 0, isInTime: true });
    for (const { writer } of house.writers) writer.rest();
    await house.expectNothingLost();
  });

  test("a second signal at once changes nothing; one a second later ends it at once", async ({ skip }) => {
    const whyNot = whyNoFaultySystem();
    skip(whyNot !== undefined, whyNot);
    await using directory = await temporaryDirectory();
    await using system = await FaultySystem.build();
    await using house = await House.start({
      dataDirectory: directory.path,
      environment: system.environment(directory.path),
    });
    const writers = await typing(house, 5, 20);
    system.set("hangs", 1);
    await eventually(() => writers.every(({ client }) => !client.isSaved));
    house.server.signal("SIGTERM");
    house.server.signal("SIGINT");
    const startedAt = performance.now();
    await eventually(() => performance.now() - startedAt > 1_100);
    const { code, ms } = await end(house, "SIGINT");
    system.set("hangs", 0);
    expect({ code, isAtOnce: ms < 500 }).toEqual({ code: 130, isAtOnce: true });
    for (const writer of writers) writer.rest();
    await house.expectNothingLost();
  });
});
