/**
 * What we lean on in Hocuspocus and Yjs beyond what they document. A failure here after raising a version says
 * which of our parts has to be looked at again (upstream.ts, engine.ts).
 */
import { Hocuspocus } from "@hocuspocus/server";
import { eventually } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";
import { Engine, type EngineOptions, type HookListeners } from "./engine.ts";
import {
  applyToRoom,
  forgetLoading,
  type HocuspocusDocument,
  type HookName,
  hasPending,
  keepFormatting,
  takeOverAwareness,
  takeOverBroadcast,
} from "./upstream.ts";

const ID = "document";

function engine(options: Partial<EngineOptions> = {}) {
  const errors: { hook: HookName; error: unknown }[] = [];
  const idle: string[] = [];
  const created = new Engine({
    hooks: {},
    lingerMs: 0,
    isBusy: () => false,
    onIdle: documentId => idle.push(documentId),
    onHookError: (hook, error) => errors.push({ hook, error }),
    ...options,
  });
  return { engine: created, errors, idle };
}

/** A connection in a document's list that keeps what is broadcast to it. */
function listenTo(document: HocuspocusDocument): Uint8Array[] {
  const sent: Uint8Array[] = [];
  const connection = { messageAddress: ID, send: (frame: Uint8Array) => sent.push(frame) };
  document.addConnection(connection as unknown as Parameters<typeof document.addConnection>[0]);
  return sent;
}

test("methods that the engine overrides exist and are looked up on this", () => {
  for (const name of [
    "createDocument",
    "loadDocument",
    "storeDocumentHooks",
    "shouldUnloadDocument",
    "unloadDocument",
    "hooks",
  ] as const) {
    expect(Hocuspocus.prototype[name]).toBeTypeOf("function");
  }
});

test("a document is loaded by its hooks, once for all who ask, and nobody has to be connected to it", async () => {
  const calls: string[] = [];
  const names: HookName[] = ["onCreateDocument", "onLoadDocument", "afterLoadDocument"];
  const hooks = Object.fromEntries(names.map(name => [name, () => void calls.push(name)]));
  const { engine: created } = engine({ hooks: hooks as HookListeners });
  const [document, same] = await Promise.all([created.hold(ID), created.hold(ID)]);
  expect(calls).toEqual(names);
  expect(same).toBe(document);
  expect([created.documents.get(ID), document.connections.size]).toEqual([document, 0]);
  for (let i = 0; i < 2; i++) created.release(ID);
});

test("Hocuspocus broadcasts in its one listener for updates; without it nothing is encoded or sent", async () => {
  const { engine: created } = engine();
  const document = await created.hold(ID);
  const sent = listenTo(document);
  const source = new Doc();
  const updates: Uint8Array[] = [];
  source.on("update", (update: Uint8Array) => updates.push(update));
  for (const letter of "ab") source.getText("t").insert(0, letter);
  applyToRoom(document, [updates[0]!]);
  await new Promise(resolve => setImmediate(resolve));
  expect(sent.length).toBe(1);
  expect(document._observers.get("update")?.size).toBe(1);
  takeOverBroadcast(document);
  applyToRoom(document, [updates[1]!]);
  await new Promise(resolve => setImmediate(resolve));
  expect(sent.length).toBe(1);
  expect(document.getText("t").toString()).toBe("ba");
});

test("a throwing hook ends no process and is reported", async () => {
  const all: HookName[] = ["onChange", "beforeBroadcastStateless", "afterUnloadDocument"];
  const fail = () => Promise.reject(new Error("hook"));
  const { engine: created, errors } = engine({
    hooks: Object.fromEntries(all.map(name => [name, fail])) as HookListeners,
  });
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  const document = await created.hold(ID);
  document.getText("t").insert(0, "a");
  document.broadcastStateless("x");
  created.release(ID);
  await eventually(() => created.unloadIfIdle(ID));
  await eventually(() => errors.some(({ hook }) => hook === "afterUnloadDocument"));
  expect(new Set(errors.map(({ hook }) => hook))).toEqual(new Set(all));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

test("no timer and no listener is left of a document's own awareness", async () => {
  const timers = () => process.getActiveResourcesInfo().filter(name => name === "Timeout").length;
  const { engine: created } = engine({
    hooks: { onLoadDocument: ({ document }) => takeOverAwareness(document as HocuspocusDocument) },
  });
  const before = timers();
  const document = await created.hold(ID);
  expect(timers()).toBe(before);
  expect(document._observers.has("destroy")).toBe(false);
  created.release(ID);
  expect(await eventually(() => created.unloadIfIdle(ID))).toBe(true);
});

test("nothing of a document's loading is called for its changes", async () => {
  const calls: string[] = [];
  const note = (name: string) => () => void calls.push(name);
  const { engine: created } = engine({ hooks: { onChange: note("change") } });
  const document = await created.hold(ID);
  forgetLoading(document);
  document.getText("t").insert(0, "a");
  expect(calls).toEqual([]);
  created.release(ID);
  expect(await eventually(() => created.unloadIfIdle(ID))).toBe(true);
});

test("what listens to a document's end is its awareness alone", async () => {
  const { engine: created } = engine();
  const document = await created.hold(ID);
  expect(document._observers.get("destroy")?.size).toBe(1);
  created.release(ID);
});

test("the room is gone from the map when afterUnloadDocument is called, in the same turn", async () => {
  let wasThere: boolean | undefined;
  const made = engine({
    hooks: {
      afterUnloadDocument: ({ documentName }) => {
        wasThere = made.engine.documents.has(documentName);
      },
    },
  });
  await made.engine.hold(ID);
  made.engine.release(ID);
  await eventually(() => made.idle.length === 1);
  expect(await made.engine.unloadIfIdle(ID)).toBe(true);
  expect(wasThere).toBe(false);
});

test("a failed load leaves neither room nor holder", async () => {
  const { engine: created } = engine({ hooks: { onLoadDocument: () => Promise.reject(new Error("disk")) } });
  await expect(created.hold(ID)).rejects.toThrow("disk");
  expect([created.documents.size, created.loadingDocuments.size]).toEqual([0, 0]);
});

test("W5 nobody is attached to a room that is being unloaded, at no offset", async () => {
  for (let offset = 0; offset < 120; offset++) {
    const idle = Promise.withResolvers<void>();
    const { engine: created } = engine({ onIdle: () => idle.resolve() });
    await created.hold(ID);
    created.release(ID);
    await idle.promise;
    const unloading = created.unloadIfIdle(ID);
    for (let i = 0; i < offset % 40; i++) await null;
    const document = await created.hold(ID);
    await unloading;
    await new Promise(resolve => setImmediate(resolve));
    expect(document.isDestroyed, `offset ${offset}`).toBe(false);
    expect(created.documents.get(ID)).toBe(document);
    created.stop();
  }
});

test("W5 a busy room is not unloaded", async () => {
  let isBusy = true;
  const { engine: created } = engine({ isBusy: () => isBusy });
  await created.hold(ID);
  created.release(ID);
  expect(await created.unloadIfIdle(ID)).toBe(false);
  isBusy = false;
  expect(await created.unloadIfIdle(ID)).toBe(true);
});

test("Yjs cleans up formatting by itself, and not in a room", () => {
  const writer = new Doc();
  writer.getText("t").insert(0, "hello world");
  const base = encodeStateAsUpdate(writer);
  // Two people make the same words bold: of the marks that begin and end it, two are superfluous.
  const bolds = [1, 2].map(() => {
    const person = new Doc();
    applyUpdate(person, base);
    const updates: Uint8Array[] = [];
    person.on("update", (update: Uint8Array) => updates.push(update));
    person.getText("t").format(0, 5, { bold: true });
    return updates[0]!;
  });

  const changesOfItsOwn = (document: Doc) => {
    document.getText("t");
    applyUpdate(document, base, "log");
    let count = 0;
    document.on("update", (_: Uint8Array, origin: unknown) => {
      if (origin !== "log") count++;
    });
    for (const bold of bolds) applyUpdate(document, bold, "log");
    return count;
  };
  const room = new Doc();
  keepFormatting(room);
  expect(changesOfItsOwn(room)).toBe(0);
  expect(changesOfItsOwn(new Doc())).toBeGreaterThan(0);
});

test("Yjs says what it keeps aside", () => {
  const [writer, room] = [new Doc(), new Doc()];
  const updates: Uint8Array[] = [];
  writer.on("update", (update: Uint8Array) => updates.push(update));
  writer.getText("t").insert(0, "a");
  writer.getText("t").insert(1, "b");
  applyUpdate(room, updates[1]!);
  expect(hasPending(room)).toBe(true);
  applyUpdate(room, updates[0]!);
  expect(hasPending(room)).toBe(false);
});
