import { SCHEMA_VERSION } from "@octavo/schema/document";
import { eventually, TestClient, temporaryDirectory } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { FaultySystem, whyNoFaultySystem } from "./faulty-system.ts";
import { House } from "./kit.ts";

const HOUR = 3_600;
const DAY = 24 * HOUR;
const STALL_MS = 5_000;

test("X8 a clock that jumps by an hour or a day changes nothing for who is there; tokens end by the clock for who comes", {
  timeout: 120_000,
}, async ({ skip }) => {
  const whyNot = whyNoFaultySystem();
  skip(whyNot !== undefined, whyNot);
  await using directory = await temporaryDirectory();
  await using system = await FaultySystem.build();
  await using house = await House.start({
    dataDirectory: directory.path,
    environment: { ...system.environment(directory.path), ROOM_LINGER_SECONDS: "1" },
  });
  const documentId = await house.createDocument();
  const writers = [await house.writer("ann", documentId), await house.writer("bob", documentId)];
  // Lives an hour.
  const early = await house.person.accessToken(documentId, "editor");
  await Promise.all(writers.map(({ client }) => client.synced()));
  for (const writer of writers) writer.keepTyping(20);

  /** Whether somebody with this token is let in. */
  async function isLetIn(token: string): Promise<boolean> {
    const { url } = house.server;
    const visitor = new TestClient({ url, documentId, token, schema: SCHEMA_VERSION, reconnectMs: 60_000 });
    try {
      await eventually(() => visitor.provider.isSynced || visitor.denied !== undefined);
      return visitor.provider.isSynced;
    } finally {
      visitor.destroy();
    }
  }

  for (const seconds of [-HOUR, HOUR, -DAY, DAY, 0]) {
    system.set("clockSeconds", seconds);
    const enough = writers.map(({ client }) => client.ledger.acked.length + 50);
    await eventually(
      () => writers.every(({ client }, index) => client.ledger.acked.length >= enough[index]!),
      {
        withinMs: 5_000,
        what: `acknowledgements with the clock ${seconds} s ahead`,
      },
    );
    for (const { client } of writers) expect(client.closes).toEqual([]);
    expect(await isLetIn(await house.person.accessToken(documentId, "editor"))).toBe(true);
    expect(await isLetIn(early)).toBe(seconds <= 0);
    // A room nobody is in any more goes when its time is over, by a clock that does not jump.
    const other = await house.writer("cid", await house.createDocument());
    await other.client.synced();
    house.leaves(other);
    await eventually(async () => (await house.metric("octavo_rooms")) === 1, { withinMs: 6_000 });
  }
  for (const writer of writers) writer.rest();
  await house.allSaved();
  await house.expectEachTokenOnce();
});

test("X9 a server that stands still for 5 s sends nobody away and loses nothing", {
  timeout: 60_000,
}, async () => {
  await using house = await House.start();
  const documents = [await house.createDocument("One"), await house.createDocument("Two")];
  const writers = await Promise.all(
    ["ann", "bob", "cid", "dan"].map((name, index) => house.writer(name, documents[index % 2]!)),
  );
  await Promise.all(writers.map(({ client }) => client.synced()));
  for (const writer of writers) writer.keepTyping(10);
  await eventually(() => writers.every(({ client }) => client.ledger.acked.length > 20));
  house.server.signal("SIGSTOP");
  const stoppedAt = performance.now();
  await eventually(() => performance.now() - stoppedAt > STALL_MS);
  house.server.signal("SIGCONT");
  for (const writer of writers) writer.rest();
  await house.allSaved(5_000);
  for (const { client } of writers) expect(client.closes).toEqual([]);
  await house.expectEachTokenOnce();
  await house.killAndReturn();
});
