import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createRandom, eventually, type Random, seedMessage, temporaryDirectory } from "@octavo/test-kit";
import { describe, expect, test } from "vitest";
import { FaultySystem, whyNoFaultySystem } from "./faulty-system.ts";
import { House, IS_LONG, type Writer } from "./kit.ts";
import { beginRecord, cutPower, everythingDurable } from "./power-cut.ts";

const ROUNDS = IS_LONG ? 200 : 4;
const DOCUMENTS = 3;
/** Four of them in one round are more than what is written between two checkpoints. */
const PASTE_TOKENS = 3_000;

/** LevelDB begins another log file after 16 MiB; in such rounds that happens under the running server. */
const LOG_CHANGES_EVERY = 4;

/** Two writers a document, who type at different speeds and now and then paste a lot. */
async function manyWriters(house: House): Promise<Writer[]> {
  const writers: Writer[] = [];
  for (let number = 0; number < DOCUMENTS; number++) {
    const documentId = await house.createDocument(`Document ${number}`);
    for (const name of [`ann${number}`, `bob${number}`]) writers.push(await house.writer(name, documentId));
  }
  await Promise.all(writers.map(({ client }) => client.synced()));
  return writers;
}

/** Lets them type until everybody had acknowledgements again, and then for a random while. */
async function typeForAWhile(writers: Writer[], random: Random, hint: string): Promise<void> {
  const enough = writers.map(({ client }) => client.ledger.acked.length + 5);
  await eventually(() => writers.every(({ client }, index) => client.ledger.acked.length >= enough[index]!), {
    withinMs: 30_000,
    what: `acknowledgements, ${hint}`,
  });
  const pasting = random.pick(writers);
  for (let pastes = 4; pastes > 0; pastes--) pasting.type(PASTE_TOKENS);
  const until = performance.now() + random.int(0, 400);
  await eventually(() => performance.now() >= until);
}

/** Somebody pastes until there is another log file, and a moment longer. */
async function untilLogChanges(house: House, documents: string, hint: string): Promise<void> {
  // A document of its own: in one that is killed each time before its checkpoint, the pastes would pile up.
  const pasting = await house.writer("pasting", await house.createDocument("Pastes"));
  await pasting.client.synced();
  const logs = () => readdirSync(documents).filter(name => name.endsWith(".log"));
  const before = new Set(logs());
  for (let pastes = 0; pastes < 50; pastes++) pasting.pasteAndUndo(400_000);
  await eventually(() => logs().some(name => !before.has(name)), { what: `another log file, ${hint}` });
  const { acked } = pasting.client.ledger;
  const enough = acked.length;
  await eventually(() => acked.length > enough);
}

test("X1 kill -9 at any moment loses nothing that was acknowledged or seen, and leaves no hole", {
  timeout: 60_000 + ROUNDS * 15_000,
}, async () => {
  const random = createRandom();
  await using house = await House.start({ environment: { LOG_LEVEL: "debug", ROOM_LINGER_SECONDS: "1" } });
  const writers = await manyWriters(house);
  for (const writer of writers) writer.keepTyping(random.int(2, 20));
  for (let round = 0; round < ROUNDS; round++) {
    const hint = `round ${round}, ${seedMessage(random)}`;
    await typeForAWhile(writers, random, hint);
    await house.killAndReturn(hint);
  }
  for (const writer of writers) writer.rest();
  await house.allSaved(60_000);
  await house.expectEachTokenOnce(seedMessage(random));
  // Checkpoints and trims went on among the kills.
  expect(house.logged("checkpoint.written").length).toBeGreaterThan(ROUNDS / 4);
});

describe("X2 a power cut", () => {
  test("loses nothing that was acknowledged or seen: each file has what was synced, and its name", {
    timeout: 60_000 + ROUNDS * 15_000,
  }, async ({ skip }) => {
    const whyNot = whyNoFaultySystem();
    skip(whyNot !== undefined, whyNot);
    const random = createRandom();
    await using directory = await temporaryDirectory();
    await using system = await FaultySystem.build();
    const documents = join(directory.path, "documents");
    await using house = await House.start({
      dataDirectory: directory.path,
      environment: system.environment(directory.path, { records: true }),
    });
    const writers = await manyWriters(house);
    await house.allSaved();
    await house.server.kill();
    for (const writer of writers) writer.keepTyping(random.int(2, 20));
    for (let round = 0; round < ROUNDS; round++) {
      const hint = `round ${round}, ${seedMessage(random)}`;
      const before = await everythingDurable(documents);
      await beginRecord(system);
      await house.server.start();
      await typeForAWhile(writers, random, hint);
      if (round % LOG_CHANGES_EVERY === 0) {
        await untilLogChanges(house, documents, hint);
      }
      await house.server.kill();
      await cutPower(documents, before, system, random);
      await house.expectNothingLost(hint);
      for (const { writer } of [...house.writers]) if (!writers.includes(writer)) house.leaves(writer);
    }
    for (const writer of writers) writer.rest();
    await house.server.start();
    await house.allSaved(60_000);
    await house.expectEachTokenOnce(seedMessage(random));
    expect(system.get("syncs")).toBeGreaterThan(ROUNDS * 10);
  });
});
