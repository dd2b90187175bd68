import { eventually } from "@octavo/test-kit";
import { afterEach, expect, test, vi } from "vitest";
import { Doc, encodeStateVector } from "yjs";
import { Engine } from "../../src/sync/engine.ts";
import type { HookName } from "../../src/sync/upstream.ts";
import { written } from "../bytes.ts";
import { House } from "./kit.ts";

/** Every hook of the library under us; the compiler says when there is another. */
const HOOKS = Object.keys({
  onConfigure: true,
  onListen: true,
  onUpgrade: true,
  onConnect: true,
  connected: true,
  onAuthenticate: true,
  onTokenSync: true,
  onCreateDocument: true,
  onLoadDocument: true,
  afterLoadDocument: true,
  beforeHandleMessage: true,
  beforeHandleAwareness: true,
  beforeSync: true,
  beforeBroadcastStateless: true,
  onStateless: true,
  onChange: true,
  afterHandleMessage: true,
  onStoreDocument: true,
  afterStoreDocument: true,
  onAwarenessUpdate: true,
  onRequest: true,
  onDisconnect: true,
  beforeUnloadDocument: true,
  afterUnloadDocument: true,
  onDestroy: true,
} satisfies Record<HookName, true>) as HookName[];

afterEach(() => void vi.restoreAllMocks());

const fails = {
  throws: () => {
    throw new Error("a hook of ours");
  },
  rejects: () => Promise.reject(new Error("a hook of ours")),
};

for (const [way, fail] of Object.entries(fails)) {
  test.each(HOOKS)(
    `X12 the hook %s that ${way} leaves no rejection to nobody, and other documents alone`,
    async hook => {
      // The library writes what hooks throw to the console.
      vi.spyOn(console, "error").mockImplementation(() => {});
      const unhandled: unknown[] = [];
      const note = (error: unknown) => unhandled.push(error);
      process.on("unhandledRejection", note);
      const failed: string[] = [];
      let isFailing = true;
      const engine = new Engine<object>({
        hooks: { [hook]: () => (isFailing ? fail() : undefined) },
        lingerMs: 0,
        isBusy: () => false,
        onIdle: documentId => void engine.unloadIfIdle(documentId),
        onHookError: name => failed.push(name),
      });
      await live(engine, "first");
      isFailing = false;
      const frames = await live(engine, "second");
      expect(frames).toBeGreaterThan(0);
      await new Promise(resolve => setImmediate(resolve));
      process.off("unhandledRejection", note);
      expect(unhandled).toEqual([]);
      expect(failed.filter(name => name !== hook)).toEqual([]);
      engine.stop();
    },
  );
}

/** A bit of everything that calls hooks. Returns how many frames came back. */
async function live(engine: Engine<object>, documentId: string): Promise<number> {
  let frames = 0;
  const socket = { send: () => void frames++, close: () => {}, readyState: WebSocket.OPEN };
  const client = engine.attach(socket, {});
  const vector = encodeStateVector(new Doc());
  const turn = () => new Promise(resolve => setTimeout(resolve, 1));
  for (const parts of [
    [2, 0, "token"],
    [0, 0, vector.length, vector],
    [3],
    [5, "stateless"],
    [2, 0, "another token"],
  ] as Parameters<typeof written>[1][][]) {
    client.handleMessage(written(documentId, ...parts));
    await turn();
  }
  const document = engine.documents.get(documentId);
  document?.getMap("m").set("k", 1);
  document?.awareness.setLocalState({ here: true });
  document?.broadcastStateless("hello");
  await turn();
  client.handleClose({ code: 1000, reason: "" });
  await turn();
  await engine.unloadIfIdle(documentId).catch(() => false);
  await turn();
  return frames;
}

test("X13 what nobody expected is logged, ends the process with 70, and loses nothing that was acknowledged", async () => {
  const surprise = 'process.on("SIGUSR2", () => void Promise.reject(new Error("surprise")))';
  await using house = await House.start({
    environment: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(surprise)}` },
  });
  const writer = await house.writer("ann", await house.createDocument());
  await writer.client.synced();
  writer.keepTyping(5);
  await eventually(() => writer.client.ledger.acked.length > 20);
  house.server.signal("SIGUSR2");
  expect(await house.server.ended(3_000)).toBe(70);
  writer.rest();
  expect(house.logged("process.crashed")).toMatchObject([{ level: "fatal", origin: "unhandledRejection" }]);
  await house.expectNothingLost();
  await house.server.start();
  await house.allSaved();
  await house.expectEachTokenOnce();
});
