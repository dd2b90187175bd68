import { SCHEMA_VERSION } from "@octavo/schema/document";
import {
  createNetwork,
  createRandom,
  eventually,
  type Network,
  seedMessage,
  TestClient,
} from "@octavo/test-kit";
import { expect, test } from "vitest";
import { House, IS_LONG, type Writer } from "./kit.ts";

const ROUNDS = IS_LONG ? 100 : 6;
const WRITERS = 4;

interface Place {
  writer: Writer;
  network: Network;
  token: string;
}

test("X10 over slow, silent, cut and doubled connections all replicas become equal, with each token exactly once", {
  timeout: 120_000 + ROUNDS * 20_000,
}, async () => {
  const random = createRandom();
  await using house = await House.start();
  const documentId = await house.createDocument();
  const places: Place[] = [];
  for (let number = 0; number < WRITERS; number++) {
    const network = await createNetwork(house.server.port, random.fork(`network ${number}`));
    const name = `w${number}`;
    const token = await house.person.accessToken(documentId, "editor", { id: name, name });
    const url = `http://127.0.0.1:${network.port}`;
    places.push({ network, token, writer: await house.writer(name, documentId, { url, token }) });
  }
  await Promise.all(places.map(({ writer }) => writer.client.synced()));
  for (const { writer } of places) writer.keepTyping(random.int(3, 15));
  const doubles: TestClient[] = [];

  const faults: readonly (readonly [number, (place: Place) => void])[] = [
    [3, ({ network }) => network.delay(random.int(1, 60), 40)],
    [2, ({ network }) => network.stall()],
    [2, ({ network }) => network.swallow(random.pick(["to-server", "to-client", "both"]))],
    [3, ({ network }) => network.cut()],
    [3, ({ network }) => network.cutAfter(2_000)],
    [1, ({ network }) => network.down()],
    [2, place => doubles.push(doubleOf(place))],
  ];

  /** A second socket of the same person on the same copy: everything is sent and received twice. */
  function doubleOf({ writer, token }: Place): TestClient {
    const { url } = house.server;
    return new TestClient({ url, documentId, token, schema: SCHEMA_VERSION, document: writer.document });
  }

  try {
    for (let round = 0; round < ROUNDS; round++) {
      const hint = `round ${round}, ${seedMessage(random)}`;
      for (let steps = random.int(4, 10); steps > 0; steps--) {
        random.weighted(faults)(random.pick(places));
        const until = performance.now() + random.int(0, 120);
        await eventually(() => performance.now() >= until);
        if (random.bool(0.3)) random.pick(places).network.heal();
      }
      for (const { network } of places) network.heal();
      for (const double of doubles.splice(0)) double.destroy();
      // Half-open ones are found by their silence; here their owners notice.
      const enough = places.map(({ writer }) => writer.client.ledger.acked.length + 3);
      await eventually(
        () => places.every(({ writer }, index) => writer.client.ledger.acked.length >= enough[index]!),
        { withinMs: 60_000, what: `acknowledgements after the network healed, ${hint}` },
      );
      if (round % 3 === 2) await house.killAndReturn(hint);
    }
    for (const { writer } of places) writer.rest();
    await house.allSaved(60_000);
    await house.expectEachTokenOnce(seedMessage(random));
    expect(places.reduce((sum, { network }) => sum + network.accepted, 0)).toBeGreaterThan(WRITERS + ROUNDS);
  } finally {
    for (const double of doubles) double.destroy();
    for (const { network } of places) await network.close();
  }
});
