import { LIMITS } from "@octavo/schema";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { eventually } from "@octavo/test-kit";
import { describe, expect, test } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";
import { recordedDocument, startSyncServer, textOf, writeParagraph } from "../../test/harness.ts";
import { RawClient } from "../../test/raw-client.ts";
import { openMemoryDocumentStore } from "../storage/memory-document-store.ts";

/** A store whose commits wait for `release`, or fail while `isBroken`. */
function heldStore() {
  let gate = Promise.resolve();
  let open = () => {};
  const control = {
    isBroken: false,
    hold() {
      gate = new Promise<void>(resolve => {
        open = resolve;
      });
    },
    release: () => open(),
  };
  const fail = async () => {
    if (control.isBroken) throw new Error("disk full");
  };
  const store = openMemoryDocumentStore({
    beforeCommit: async () => {
      await gate;
      await fail();
    },
    beforeReopen: fail,
  });
  return { store, control };
}

const turns = async (count = 5) => {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve));
};

describe("W writing", () => {
  test("two people write in one document", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const [alice, bob] = [server.client(documentId), server.client(documentId, { token: "bob" })];
    await alice.synced();
    await bob.synced();
    writeParagraph(alice.document, "from alice");
    writeParagraph(bob.document, "from bob");
    await alice.saved();
    await bob.saved();
    await eventually(() => textOf(alice.document).includes("from bob"));
    await eventually(() => textOf(bob.document) === textOf(alice.document));
    expect(alice.messages[0]).toMatchObject({ type: "welcome", role: "editor", writable: true });
    expect(alice.ledger.acked.length).toBeGreaterThan(0);
  });

  test("W1 an update is acknowledged and shown to others only when it is on disk", async () => {
    const { store, control } = heldStore();
    await using server = await startSyncServer({ store });
    const documentId = await server.create();
    const writer = await RawClient.join({ url: server.url, documentId });
    const reader = await RawClient.join({ url: server.url, documentId, token: "bob" });
    reader.step1();
    await eventually(() => reader.count("step2") === 1);
    const { document, updates } = recordedDocument();
    writeParagraph(document, "secret until saved");

    control.hold();
    writer.update(updates[0]!);
    // Presence and sync step 1 do not wait behind the write; their answers show that it was taken in.
    writer.step1();
    await eventually(() => writer.count("step2") === 1);
    await turns();
    expect(writer.acks).toEqual([]);
    expect(textOf(writer.document)).toBe("");
    expect(textOf(reader.document)).toBe("");
    expect((await server.rooms.readState(documentId)).seq).toBe(1);

    control.release();
    await eventually(() => textOf(reader.document) !== "");
    await eventually(() => writer.acks.length === 1);
    expect(writer.acks).toEqual([true]);
    expect(await server.store.updates.head(documentId)).toBe(2);
  });

  test("W2 a repeated write is acknowledged once it is on disk, and not appended again", async () => {
    const { store, control } = heldStore();
    await using server = await startSyncServer({ store });
    const documentId = await server.create();
    const writer = await RawClient.join({ url: server.url, documentId });
    const { document, updates } = recordedDocument();
    writeParagraph(document, "once");
    control.hold();
    writer.update(updates[0]!);
    writer.step2(document);
    writer.step1();
    await eventually(() => writer.count("step2") === 1);
    await turns();
    expect(writer.acks).toEqual([]);
    control.release();
    await eventually(() => writer.acks.length === 2);
    expect(writer.acks).toEqual([true, true]);
    expect(await server.store.updates.head(documentId)).toBe(2);
  });

  test("W3 a store that does not write: nothing acknowledged, everybody told, all of it saved when it writes again", async () => {
    const { store, control } = heldStore();
    await using server = await startSyncServer({ store });
    const documentId = await server.create();
    const alice = server.client(documentId);
    await alice.synced();
    await alice.saved();
    control.isBroken = true;
    writeParagraph(alice.document, "while the disk is full");
    await eventually(() => alice.messages.some(message => message.type === "storage" && !message.writable));
    writeParagraph(alice.document, "and more");
    expect(alice.isSaved).toBe(false);
    const late = await RawClient.join({ url: server.url, documentId, token: "bob" });
    expect(late.messages).toContainEqual({ type: "storage", writable: false, code: "APPEND_FAILED" });
    expect((await server.rooms.readState(documentId)).seq).toBe(1);

    control.isBroken = false;
    await alice.saved();
    expect(alice.messages).toContainEqual({ type: "storage", writable: true });
    const { update } = await server.rooms.readState(documentId);
    const stored = new Doc();
    applyUpdate(stored, update);
    expect(textOf(stored)).toContain("and more");
  });

  test("W4 a person's writes stay in order, each answered once", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const writer = await RawClient.join({ url: server.url, documentId });
    const reader = await RawClient.join({ url: server.url, documentId, token: "bob" });
    const { document, updates } = recordedDocument();
    for (let i = 0; i < 300; i++) writeParagraph(document, `line ${i}`);
    for (const update of updates) writer.update(update);
    await eventually(() => writer.acks.length === 300);
    expect(writer.acks.every(Boolean)).toBe(true);
    await eventually(() => textOf(reader.document) === textOf(document));
  });
});

describe("H holding", () => {
  test("H1 an update that comes too early waits unacknowledged, and the other side is asked once", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const [early, late] = [
      await RawClient.join({ url: server.url, documentId }),
      await RawClient.join({ url: server.url, documentId, token: "bob" }),
    ];
    const [one, two] = [recordedDocument(), recordedDocument()];
    writeParagraph(one.document, "first");
    applyUpdate(two.document, one.updates[0]!);
    writeParagraph(two.document, "second");
    writeParagraph(two.document, "third");

    early.step2(new Doc());
    for (const update of two.updates) early.update(update);
    await eventually(() => early.count("step1") === 1);
    await turns();
    expect(early.acks).toEqual([true]);

    // Anybody may bring what is missing.
    late.update(one.updates[0]!);
    await eventually(() => early.acks.length === 3);
    expect(early.acks).toEqual([true, true, true]);
    expect(early.count("step1")).toBe(1);
    applyUpdate(late.document, one.updates[0]!);
    await eventually(() => textOf(late.document) === textOf(two.document));
  });

  test("H2 more than may be held ends the connection, and leaves nothing behind", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const writer = await RawClient.join({ url: server.url, documentId });
    const { document, updates } = recordedDocument();
    writeParagraph(document, "never sent");
    for (let i = 0; i < 4; i++) writeParagraph(document, "x".repeat(LIMITS.heldBytes / 3));
    for (const update of updates.slice(1)) writer.update(update);
    expect(await writer.closed()).toEqual({ code: 4500, reason: "HELD_TOO_LONG" });
    expect(await server.store.updates.head(documentId)).toBe(1);
  });
});

describe("R refusing", () => {
  test("R1 a malformed update is refused with its code, and what follows is dropped until the next sync", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const writer = await RawClient.join({ url: server.url, documentId });
    const { document, updates } = recordedDocument();
    writeParagraph(document, "good");
    writer.update(Uint8Array.of(1, 1, 0x22, 0, 0, 0, 0));
    writer.update(updates[0]!);
    writer.step1();
    await eventually(() => writer.count("step2") === 1);
    expect(writer.messages).toContainEqual({ type: "write-refused", code: "MALFORMED_UPDATE" });
    expect(writer.acks).toEqual([false]);
    writer.step2(document);
    await eventually(() => writer.acks.length === 2);
    expect(writer.acks).toEqual([false, true]);
    expect(await server.store.updates.head(documentId)).toBe(2);
  });

  test("R3 a refusal does not overtake the answers of earlier writes", async () => {
    let release = () => {};
    let gate = Promise.resolve();
    const store = openMemoryDocumentStore({ beforeCommit: () => gate });
    await using server = await startSyncServer({ store });
    const client = await RawClient.join({ url: server.url, documentId: await server.create() });
    gate = new Promise(resolve => {
      release = resolve;
    });
    const { document, updates } = recordedDocument();
    writeParagraph(document, "good");
    client.update(updates[0]!);
    client.update(Uint8Array.of(1, 2, 3));
    // Answered after both were looked at.
    client.step1();
    await eventually(() => client.count("step2") === 1);
    expect(client.acks).toEqual([]);
    release();
    await eventually(() => client.acks.length === 2);
    expect(client.acks).toEqual([true, false]);
  });

  test("A3 nobody writes with another's Yjs client id", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const alice = await RawClient.join({ url: server.url, documentId });
    const mallory = await RawClient.join({ url: server.url, documentId, token: "mallory" });
    const { document, updates } = recordedDocument(77);
    writeParagraph(document, "alice's");
    writeParagraph(document, "in her name");
    alice.update(updates[0]!);
    await eventually(() => alice.acks.length === 1);
    mallory.update(updates[1]!);
    await eventually(() => mallory.acks.length === 1);
    expect(mallory.acks).toEqual([false]);
    expect(mallory.messages).toContainEqual({ type: "write-refused", code: "FOREIGN_CLIENT_ID" });
    alice.update(updates[1]!);
    await eventually(() => alice.acks.length === 2);
    expect(alice.acks).toEqual([true, true]);

    // Also after the room was unloaded: the owner is in the store.
    for (const client of [alice, mallory]) client.socket.close();
    await eventually(async () => (await server.loadedRooms()) === 0);
    writeParagraph(document, "again");
    const again = await RawClient.join({ url: server.url, documentId, token: "mallory" });
    again.step2(document);
    await eventually(() => again.acks.length === 1);
    expect(again.acks).toEqual([false]);
  });

  test("R2 who may only read is refused, and acknowledged where nothing was to write", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    server.access.roles.set(`${documentId}/user:alice`, "viewer");
    const viewer = await RawClient.join({ url: server.url, documentId });
    expect(viewer.frames.find(frame => frame.kind === "authenticated")).toMatchObject({ scope: "readonly" });
    expect(viewer.messages[0]).toMatchObject({ type: "welcome", role: "viewer", writable: false });
    viewer.step2(new Doc());
    await eventually(() => viewer.acks.length === 1);
    const { document, updates } = recordedDocument();
    writeParagraph(document, "not mine to write");
    viewer.update(updates[0]!);
    viewer.step2(document);
    await eventually(() => viewer.acks.length === 3);
    expect(viewer.acks).toEqual([true, false, false]);
    expect(viewer.messages).toContainEqual({ type: "write-refused", code: "READ_ONLY" });
    expect(await server.store.updates.head(documentId)).toBe(1);
  });

  test("E4 a client that names no schema may only read, but not on a raw document", async () => {
    await using server = await startSyncServer();
    const [plain, raw] = [await server.create(), await server.create({ kind: "raw" })];
    const reader = await RawClient.join({ url: server.url, documentId: plain, handshake: {} });
    expect(reader.messages[0]).toMatchObject({ type: "welcome", role: "editor", writable: false });
    const writer = await RawClient.join({ url: server.url, documentId: raw, handshake: {} });
    expect(writer.messages[0]).toMatchObject({ type: "welcome", writable: true });
    const { document, updates } = recordedDocument();
    document.getText("code").insert(0, "let x = 1");
    writer.update(updates[0]!);
    await eventually(() => writer.acks.length === 1);
    expect(writer.acks).toEqual([true]);
  });
});

describe("E entering", () => {
  test("E1 no such document and no access are answered alike, and no room is made", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    server.access.roles.set(`${documentId}/user:alice`, "none");
    const unknown = "z".repeat(22);
    for (const [id, token] of [
      [documentId, "alice"],
      [unknown, "alice"],
      [documentId, ""],
      [unknown, ""],
    ] as const) {
      const client = await RawClient.join({ url: server.url, documentId: id, token });
      expect(await client.closed()).toEqual({ code: 4404, reason: "NOT_FOUND" });
      expect(client.frames).toEqual([{ kind: "denied", reason: "NOT_FOUND" }]);
    }
    expect(await server.loadedRooms()).toBe(0);
  });

  test("E3 a copy of another epoch and an editor older than the document stay outside", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create({ epoch: 3, schemaVersion: 5 });
    const enter = async (handshake: { schema?: number; epoch?: number }) => {
      const client = await RawClient.join({ url: server.url, documentId, handshake });
      const outcome = client.close ?? client.messages[0];
      client.socket.close();
      return outcome;
    };
    expect(await enter({ schema: 5, epoch: 2 })).toEqual({ code: 4409, reason: "EPOCH_MISMATCH" });
    expect(await enter({ schema: 4, epoch: 3 })).toEqual({ code: 4426, reason: "CLIENT_TOO_OLD" });
    expect(await enter({ schema: 5, epoch: 3 })).toMatchObject({ type: "welcome", epoch: 3, writable: true });
    expect(await enter({ schema: 5 })).toMatchObject({ type: "welcome", epoch: 3 });
  });

  test("E5 a document that cannot be loaded is never an empty one to write in", async () => {
    const store = openMemoryDocumentStore();
    await using server = await startSyncServer({ store });
    const documentId = await server.create();
    const { head } = store.updates;
    store.updates.head = () => Promise.reject(new Error("IO error"));
    const [first, second] = [
      await RawClient.join({ url: server.url, documentId }),
      await RawClient.join({ url: server.url, documentId }),
    ];
    expect(await first.closed()).toEqual({ code: 4500, reason: "LOAD_FAILED" });
    expect(await second.closed()).toEqual({ code: 4500, reason: "LOAD_FAILED" });
    expect(await server.loadedRooms()).toBe(0);
    store.updates.head = head;
    const third = await RawClient.join({ url: server.url, documentId });
    expect(third.messages[0]).toMatchObject({ type: "welcome" });
  });

  test("E5 a record that Yjs cannot read makes the document damaged, and no other", async () => {
    await using server = await startSyncServer();
    const damaged = await server.create();
    await server.store.updates.head(damaged);
    await server.store.updates.append(damaged, { update: Uint8Array.of(9, 9), actor: "user:a", claims: [] })
      .committed;
    server.store.updates.release(damaged);
    const client = await RawClient.join({ url: server.url, documentId: damaged });
    expect(await client.closed()).toEqual({ code: 4500, reason: "DOCUMENT_DAMAGED" });
    const other = await RawClient.join({ url: server.url, documentId: await server.create() });
    expect(other.messages[0]).toMatchObject({ type: "welcome" });
  });

  test("E2 what a client sends before it is let in is taken afterwards, in order", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const client = new RawClient({ url: server.url, documentId });
    await client.opened();
    const { document, updates } = recordedDocument();
    writeParagraph(document, "early");
    client.update(updates[0]!);
    client.authenticate();
    client.step1();
    await eventually(() => client.acks.length === 1);
    expect(client.messages[0]).toMatchObject({ type: "welcome" });
  });

  test("F4 a provider that names its session in the address is answered there", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const client = await RawClient.join({ url: server.url, documentId, address: `${documentId}\0session` });
    expect(client.messages[0]).toMatchObject({ type: "welcome" });
    const plain = await RawClient.join({ url: server.url, documentId, token: "bob" });
    const { document, updates } = recordedDocument();
    writeParagraph(document, "of both");
    plain.update(updates[0]!);
    await eventually(() => textOf(client.document) === textOf(document));
    writeParagraph(document, "with a session");
    client.update(updates[1]!);
    await eventually(() => client.acks.length === 1);
  });

  test("E3 an editor of a newer schema sends older ones away", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create({ schemaVersion: SCHEMA_VERSION - 1 });
    const old = new RawClient({ url: server.url, documentId, handshake: { schema: SCHEMA_VERSION - 1 } });
    await old.opened();
    old.authenticate();
    await eventually(() => old.count("message") === 1);
    await RawClient.join({ url: server.url, documentId, token: "bob" });
    expect(await old.closed()).toEqual({ code: 4426, reason: "CLIENT_TOO_OLD" });
    expect((await server.store.meta(documentId))?.schemaVersion).toBe(SCHEMA_VERSION);
  });

  test("E6 the document's content is sent once to the one who opens it cold", async () => {
    await using server = await startSyncServer();
    const initial = new Doc();
    writeParagraph(initial, "content");
    const documentId = await server.create({}, initial);
    const client = await RawClient.join({ url: server.url, documentId });
    client.step1();
    await eventually(() => client.count("step2") === 1);
    await turns();
    expect(client.count("update")).toBe(0);
    expect(textOf(client.document)).toBe(textOf(initial));
  });
});

describe("L changing access of who is there", () => {
  test("L1 a lowered role stops writes at once, a raised one asks for what was written meanwhile", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const alice = await RawClient.join({ url: server.url, documentId });
    const { document, updates } = recordedDocument();
    writeParagraph(document, "allowed");
    alice.update(updates[0]!);
    await eventually(() => alice.acks.length === 1);

    await server.access.setRole(documentId, "alice", "viewer");
    writeParagraph(document, "too late");
    alice.update(updates[1]!);
    await eventually(() => alice.acks.length === 2);
    expect(alice.acks).toEqual([true, false]);
    expect(alice.messages).toContainEqual({ type: "role", role: "viewer", writable: false });
    expect(await server.store.updates.head(documentId)).toBe(2);

    await server.access.setRole(documentId, "alice", "editor");
    await eventually(() => alice.count("step1") === 1);
    alice.step2(document);
    await eventually(() => alice.acks.length === 3);
    expect(alice.acks.at(-1)).toBe(true);
    expect(await server.store.updates.head(documentId)).toBe(3);
  });

  test("L2 who loses access is out before the change is answered", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const [alice, bob] = [
      await RawClient.join({ url: server.url, documentId }),
      await RawClient.join({ url: server.url, documentId, token: "bob" }),
    ];
    const { document, updates } = recordedDocument();
    writeParagraph(document, "after the end");
    const removed = server.access.setRole(documentId, "alice", "none");
    await removed;
    alice.update(updates[0]!);
    expect(await alice.closed()).toEqual({ code: 4403, reason: "FORBIDDEN" });
    expect(bob.close).toBeUndefined();
    expect(await server.store.updates.head(documentId)).toBe(1);
  });

  test("L2 who loses access while being let in does not come in", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const { head } = server.store.updates;
    server.store.updates.head = async id => {
      await gate;
      return head.call(server.store.updates, id);
    };
    const alice = new RawClient({ url: server.url, documentId });
    await alice.opened();
    alice.authenticate();
    alice.step1();
    await eventually(async () => (await server.connections()) === 1);
    await turns(20);
    await server.access.setRole(documentId, "alice", "none");
    open();
    expect(await alice.closed()).toEqual({ code: 4404, reason: "NOT_FOUND" });
    expect(alice.frames).toEqual([{ kind: "denied", reason: "NOT_FOUND" }]);
  });

  test("L3 a token ends when its time is over, and asks for another before", async () => {
    await using server = await startSyncServer({
      identify: async (_, token) =>
        token === undefined
          ? undefined
          : {
              kind: "token",
              color: 1,
              claims: {
                sub: "reader",
                name: "Reader",
                doc: "z".repeat(22),
                role: "editor",
                iss: "alice",
                iat: 0,
                exp: Date.now() / 1000 + Number(token),
              },
            },
    });
    const documentId = await server.create();
    const short = await RawClient.join({ url: server.url, documentId, token: "2" });
    await eventually(() => short.count("token-request") === 1);
    expect(await short.closed()).toEqual({ code: 4401, reason: "TOKEN_EXPIRED" });
    const renewed = await RawClient.join({ url: server.url, documentId, token: "2" });
    await eventually(() => renewed.count("token-request") === 1);
    renewed.authenticate("3600");
    const oldTokensEnd = Date.now() + 2_000;
    await eventually(() => Date.now() > oldTokensEnd);
    expect([renewed.close, renewed.count("token-request")]).toEqual([undefined, 1]);
  });

  test("L4 a closed document lets nobody stay", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const alice = await RawClient.join({ url: server.url, documentId });
    await server.rooms.close(documentId, "GONE");
    expect(await alice.closed()).toEqual({ code: 4410, reason: "GONE" });
    expect(await server.loadedRooms()).toBe(0);
  });
});

test("L4 who writes into a document that was deleted meanwhile is told so", async () => {
  await using server = await startSyncServer();
  const documentId = await server.create();
  const alice = await RawClient.join({ url: server.url, documentId });
  await server.store.delete(documentId);
  const { document, updates } = recordedDocument();
  writeParagraph(document, "too late");
  alice.update(updates[0]!);
  expect(await alice.closed()).toEqual({ code: 4410, reason: "GONE" });
});

describe("S the server's own writes", () => {
  test("S1 are appended, shown, and owned by nobody else", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const alice = await RawClient.join({ url: server.url, documentId });
    await server.rooms.write(documentId, "user:bob", document => writeParagraph(document, "by the server"));
    await eventually(() => textOf(alice.document).includes("by the server"));
    await Promise.all(
      ["b", "c", "d"].map(text =>
        server.rooms.write(documentId, "user:bob", document => writeParagraph(document, text)),
      ),
    );
    expect(await server.store.updates.head(documentId)).toBe(5);
    const owners = await server.store.updates.owners(documentId);
    expect([...owners.values()].filter(owner => owner === "user:bob")).toHaveLength(1);
    const bob = await RawClient.join({ url: server.url, documentId, token: "bob" });
    const [serverClient] = [...owners].find(([, owner]) => owner === "user:bob")!;
    const forged = recordedDocument(serverClient);
    applyUpdate(forged.document, encodeStateAsUpdate(alice.document));
    forged.document.clientID = serverClient;
    writeParagraph(forged.document, "in the server's name");
    bob.step2(forged.document);
    await eventually(() => bob.acks.length === 1);
    expect(bob.acks).toEqual([false]);
  });

  test("S1 work on a document that nobody has open, and leave no room behind", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    await server.rooms.write(documentId, "server", document => writeParagraph(document, "alone"));
    await eventually(async () => (await server.loadedRooms()) === 0);
    const { update, seq } = await server.rooms.readState(documentId);
    const stored = new Doc();
    applyUpdate(stored, update);
    expect([textOf(stored), seq]).toEqual([expect.stringContaining("alone"), 2]);
    await expect(server.rooms.write("z".repeat(22), "server", () => {})).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await expect(server.rooms.readState("z".repeat(22))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("S2 text listeners hear of changes at most once a second, and before the room is gone", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const heard: string[] = [];
    server.rooms.onText(id => heard.push(id));
    for (let i = 0; i < 20; i++) {
      await server.rooms.write(documentId, "server", document => writeParagraph(document, `${i}`));
    }
    await eventually(async () => (await server.loadedRooms()) === 0);
    expect(heard).toEqual([documentId]);
  });
});

describe("C checkpoints", () => {
  const seqOf = async (
    server: { store: { checkpoints: { newest(id: string): Promise<{ seq: number } | undefined> } } },
    id: string,
  ) => (await server.store.checkpoints.newest(id))?.seq;

  test("C2 are written while people write, and when the last one has left", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const writer = await RawClient.join({ url: server.url, documentId });
    const { document, updates } = recordedDocument();
    // The log outgrows 64 KiB on the way.
    for (let i = 0; i < 300; i++) writeParagraph(document, "x".repeat(400));
    for (const update of updates) writer.update(update);
    await eventually(async () => ((await seqOf(server, documentId)) ?? 0) > 100);
    await eventually(() => writer.acks.length === 300);
    writer.socket.close();
    await eventually(async () => (await server.loadedRooms()) === 0);
    expect(await seqOf(server, documentId)).toBe(301);
    const again = await RawClient.join({ url: server.url, documentId });
    again.step1();
    await eventually(() => textOf(again.document) === textOf(document));
  });

  test("C2 that fail lose nothing and keep no room loaded", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const { write } = server.store.checkpoints;
    server.store.checkpoints.write = () => Promise.reject(new Error("disk"));
    const writer = await RawClient.join({ url: server.url, documentId });
    const { document, updates } = recordedDocument();
    writeParagraph(document, "in the log only");
    writer.update(updates[0]!);
    await eventually(() => writer.acks.length === 1);
    writer.socket.close();
    await eventually(async () => (await server.loadedRooms()) === 0);
    server.store.checkpoints.write = write;
    const again = await RawClient.join({ url: server.url, documentId });
    again.step1();
    await eventually(() => textOf(again.document) === textOf(document));
  });
});

describe("D draining", () => {
  test("D1 everybody is sent away, what was promised is on disk, and nobody comes in", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const alice = server.client(documentId, { reconnectMs: 10_000 });
    await alice.synced();
    writeParagraph(alice.document, "last words");
    await alice.saved();
    await server.rooms.drain(2_000);
    await eventually(() => alice.closes.length > 0);
    expect(alice.closes[0]).toEqual({ code: 1012, reason: "SHUTTING_DOWN" });
    expect((await server.store.checkpoints.newest(documentId))?.seq).toBe(
      await server.store.updates.head(documentId),
    );
    const late = new RawClient({ url: server.url, documentId });
    expect(await late.closed()).toEqual({ code: 1012, reason: "SHUTTING_DOWN" });
  });

  test("D1 checkpoints that there is no time for are no failure: what was promised is on disk", async () => {
    const store = openMemoryDocumentStore();
    await using server = await startSyncServer({ store });
    const documentId = await server.create();
    const client = await RawClient.join({ url: server.url, documentId });
    const { document, updates } = recordedDocument();
    writeParagraph(document, "promised");
    client.update(updates[0]!);
    await eventually(() => client.acks.length === 1);
    let begun = 0;
    store.checkpoints.write = () => {
      begun++;
      return new Promise(() => {});
    };
    await server.rooms.drain(300);
    expect(begun).toBe(1);
    expect(await store.updates.head(documentId)).toBe(2);
  });

  test("C2 documents that were only read get no checkpoint", async () => {
    const store = openMemoryDocumentStore();
    let written = 0;
    store.checkpoints.write = async () => {
      written++;
    };
    await using server = await startSyncServer({ store });
    for (let i = 0; i < 3; i++) await RawClient.join({ url: server.url, documentId: await server.create() });
    await server.rooms.drain(1_000);
    expect(written).toBe(0);
  });

  test("D2 ends at its deadline when the store does not write", async () => {
    const { store, control } = heldStore();
    await using server = await startSyncServer({ store });
    const documentId = await server.create();
    const alice = await RawClient.join({ url: server.url, documentId });
    control.hold();
    const { document, updates } = recordedDocument();
    writeParagraph(document, "stuck");
    alice.update(updates[0]!);
    alice.step1();
    await eventually(() => alice.count("step2") === 1);
    const startedAt = performance.now();
    await expect(server.rooms.drain(200)).rejects.toMatchObject({ code: "APPEND_FAILED" });
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    control.release();
  });
});
