import { eventually } from "@octavo/test-kit";
import { afterEach, expect, test, vi } from "vitest";
import { Engine } from "../../src/sync/engine.ts";
import type { HookName } from "../../src/sync/upstream.ts";
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
      const engine = new Engine({
        hooks: { [hook]: () => (isFailing ? fail() : undefined) },
        lingerMs: 0,
        isBusy: () => false,
        onIdle: documentId => void engine.unloadIfIdle(documentId),
        onHookError: name => failed.push(name),
      });
      await live(engine, "first");
      isFailing = false;
      expect(await live(engine, "second")).toBe(true);
      await new Promise(resolve => setImmediate(resolve));
      process.off("unhandledRejection", note);
      expect(unhandled).toEqual([]);
      expect(failed.filter(name => name !== hook)).toEqual([]);
      engine.stop();
    },
  );
}

/** A bit of everything that calls hooks. Returns whether the document was there. */
async function live(engine: Engine, documentId: string): Promise<boolean> {
  const document = await engine.hold(documentId).catch(() => undefined);
  document?.getMap("m").set("k", 1);
  document?.awareness.setLocalState({ here: true });
  document?.broadcastStateless("hello");
  if (document) engine.release(documentId);
  await new Promise(resolve => setTimeout(resolve, 1));
  await engine.unloadIfIdle(documentId).catch(() => false);
  await new Promise(resolve => setTimeout(resolve, 1));
  return document !== undefined;
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
