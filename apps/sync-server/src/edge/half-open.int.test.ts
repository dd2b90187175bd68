/** Time runs a hundred times faster here: 25 s between two pings are 250 ms, a minute is 600 ms. */
import { LIMITS } from "@octavo/schema";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { createNetwork, eventually, TestClient, YWebSocketClient } from "@octavo/test-kit";
import { describe, expect, test } from "vitest";
import { startSyncServer } from "../../test/harness.ts";
import { RawClient } from "../../test/raw-client.ts";

const SCALE = 100;
const FAST = { pingMs: LIMITS.pingMs / SCALE, silenceMs: LIMITS.serverSilenceMs / SCALE };
const MINUTE_MS = 60_000 / SCALE;
/** What two busy cores may add; in real time it is less than a hundredth of a minute. */
const SLACK_MS = 300;

const passed = (ms: number) => {
  const from = performance.now();
  return eventually(() => performance.now() - from > ms, { withinMs: ms + 10_000 });
};

const yWebSocket = (url: string, documentId: string, patienceMs?: number) =>
  new YWebSocketClient({
    url,
    documentId,
    params: { token: "yves", schema: String(SCHEMA_VERSION) },
    ...(patienceMs !== undefined && { patienceMs }),
  });

describe("a connection whose other end is gone", () => {
  test.each(["sync", "yjs"])(
    "B5 by %s leaves the room and everybody's presence within a minute",
    async way => {
      await using server = await startSyncServer(FAST);
      const documentId = await server.create();
      await using network = await createNetwork(server.port);
      const url = `http://127.0.0.1:${network.port}`;
      const witness = server.client(documentId);
      const client =
        way === "sync"
          ? new TestClient({ url, documentId, token: "bob", schema: SCHEMA_VERSION, reconnectMs: 60_000 })
          : yWebSocket(url, documentId);
      await Promise.all([witness.synced(), client.synced()]);
      client.awareness.setLocalState({ cursor: 1 });
      const isSeen = () => witness.awareness.getStates().has(client.document.clientID);
      await eventually(isSeen);
      network.refuseNew();
      network.swallow();
      const from = performance.now();
      await eventually(async () => !isSeen() && (await server.connections()) === 1, { withinMs: 10_000 });
      expect(performance.now() - from).toBeLessThan(MINUTE_MS + SLACK_MS);
      expect(witness.closes).toEqual([]);
      client.destroy();
    },
  );

  test("B5 the real times are a ping every 25 s, and a minute at most", () => {
    expect(LIMITS.pingMs).toBe(25_000);
    // Gone right after an answer: found at the second ping after it.
    expect(2 * LIMITS.pingMs).toBeLessThan(60_000);
    expect(LIMITS.serverSilenceMs).toBeLessThan(LIMITS.clientPatienceMs);
  });
});

describe("ten minutes of silence", () => {
  test("B5 one who answers pings and says nothing stays; so does a stock provider, and y-websocket's", async () => {
    await using server = await startSyncServer(FAST);
    const documentId = await server.create();
    const quiet = await RawClient.join({ url: server.url, documentId, token: "bob" });
    const provider = server.client(documentId, { patienceMs: 30_000 / SCALE });
    const yves = yWebSocket(server.url, documentId, 30_000 / SCALE);
    await Promise.all([provider.synced(), yves.synced()]);
    // Nobody moves, nobody is present: only signs of life are left.
    provider.awareness.setLocalState(null);
    yves.awareness.setLocalState(null);
    await passed(10 * MINUTE_MS);
    expect([quiet.close, provider.closes, yves.closes]).toEqual([undefined, [], []]);
    // At most one in 20 s: silence is cheap.
    expect(quiet.frames.filter(({ kind }) => kind === "byte").length).toBeLessThanOrEqual(31);
    yves.destroy();
  });
});
