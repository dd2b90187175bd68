import { LIMITS } from "@octavo/schema";
import { eventually } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { Awareness, applyAwarenessUpdate } from "y-protocols/awareness";
import { Doc } from "yjs";
import { written } from "../../test/bytes.ts";
import { recordedDocument, startSyncServer, writeParagraph } from "../../test/harness.ts";
import { RawClient } from "../../test/raw-client.ts";

/** What a client has heard of others. */
function statesOf(client: RawClient): Map<number, Record<string, unknown>> {
  const awareness = new Awareness(new Doc());
  awareness.setLocalState(null);
  for (const frame of client.frames) {
    if (frame.kind === "awareness") applyAwarenessUpdate(awareness, frame.update, "server");
  }
  const states = new Map(awareness.getStates());
  awareness.destroy();
  return states;
}

const say = (client: number, clock: number, state: unknown) =>
  written(1, client, clock, JSON.stringify(state));

async function room(names: string[]) {
  const server = await startSyncServer();
  const documentId = await server.create();
  const clients: RawClient[] = [];
  for (const token of names) clients.push(await RawClient.join({ url: server.url, documentId, token }));
  return { server, documentId, clients };
}

test("P1 the server says who somebody is, whatever the client says", async () => {
  const { server, clients } = await room(["alice", "bob"]);
  await using _ = server;
  const [alice, bob] = clients as [RawClient, RawClient];
  alice.awareness(say(7, 1, { user: { id: "user:bob", name: "Bob" }, cursor: { anchor: 1, head: 2 } }));
  await eventually(() => statesOf(bob).has(7));
  expect(statesOf(bob).get(7)).toEqual({
    user: { id: "user:alice", name: "alice", color: 5, guest: false },
    cursor: { anchor: 1, head: 2 },
  });
});

test("P2 nobody speaks for another's client id, nor takes it away", async () => {
  const { server, clients } = await room(["alice", "bob", "carol"]);
  await using _ = server;
  const [alice, bob, carol] = clients as [RawClient, RawClient, RawClient];
  alice.awareness(say(7, 1, { cursor: null }));
  await eventually(() => statesOf(carol).has(7));
  bob.awareness(say(7, 1000, { cursor: { anchor: "forged" } }));
  bob.awareness(say(7, 1001, null));
  bob.awareness(say(8, 1, { cursor: null }));
  await eventually(() => statesOf(carol).has(8));
  expect(statesOf(carol).get(7)).toMatchObject({ user: { id: "user:alice" }, cursor: null });
  expect(bob.close).toBeUndefined();
});

test("P3 nor for an id that another writes with", async () => {
  const { server, clients } = await room(["alice", "bob", "carol"]);
  await using _ = server;
  const [alice, bob, carol] = clients as [RawClient, RawClient, RawClient];
  const { document, updates } = recordedDocument(7);
  writeParagraph(document, "mine");
  alice.update(updates[0]!);
  await eventually(() => alice.acks.length === 1);
  bob.awareness(say(7, 1, {}));
  bob.awareness(say(8, 1, {}));
  await eventually(() => statesOf(carol).has(8));
  expect(statesOf(carol).has(7)).toBe(false);
});

test("P4 who says goodbye or leaves is gone for the others at once", async () => {
  const { server, clients } = await room(["alice", "bob", "carol"]);
  await using _ = server;
  const [alice, bob, carol] = clients as [RawClient, RawClient, RawClient];
  alice.awareness(say(7, 1, {}));
  bob.awareness(say(8, 1, {}));
  await eventually(() => statesOf(carol).size === 2);
  alice.awareness(say(7, 2, null));
  await eventually(() => !statesOf(carol).has(7), { withinMs: 1_000 });
  bob.socket.terminate();
  await eventually(() => statesOf(carol).size === 0, { withinMs: 1_000 });
});

test("P5 the same person on a new socket takes over from the old one", async () => {
  const { server, documentId, clients } = await room(["alice", "carol"]);
  await using _ = server;
  const [old, carol] = clients as [RawClient, RawClient];
  old.awareness(say(7, 1, { cursor: "old" }));
  await eventually(() => statesOf(carol).has(7));
  const fresh = await RawClient.join({ url: server.url, documentId, token: "alice" });
  fresh.awareness(say(7, 2, { cursor: "new" }));
  await eventually(() => statesOf(carol).get(7)?.cursor === "new");
  old.socket.terminate();
  carol.awareness(say(9, 1, {}));
  await eventually(() => statesOf(fresh).has(9));
  expect(statesOf(carol).get(7)).toMatchObject({ cursor: "new" });
});

test("P6 a viewer is present too", async () => {
  const { server, documentId, clients } = await room(["alice"]);
  await using _ = server;
  server.access.roles.set(`${documentId}/user:dave`, "viewer");
  const dave = await RawClient.join({ url: server.url, documentId, token: "dave" });
  dave.awareness(say(5, 1, { cursor: null }));
  await eventually(() => statesOf(clients[0]!).has(5));
});

test("P7 what is too large or too many is not passed on", async () => {
  const { server, clients } = await room(["alice", "bob"]);
  await using _ = server;
  const [alice, bob] = clients as [RawClient, RawClient];
  alice.awareness(say(1, 1, { text: "x".repeat(LIMITS.awarenessStateBytes) }));
  for (let id = 100; id < 300; id++) alice.awareness(say(id, 1, {}));
  alice.awareness(say(100, 2, { done: true }));
  await eventually(() => statesOf(bob).get(100)?.done === true);
  const states = statesOf(bob);
  expect([states.has(1), states.size]).toEqual([false, LIMITS.awarenessClients]);
  expect(alice.close).toBeUndefined();
});

test.each([
  ["cut", Uint8Array.of(1, 7)],
  ["not JSON", written(1, 7, 1, "{")],
  ["no object", written(1, 7, 1, "5")],
  ["a count that cannot be", written(2 ** 25)],
  ["too large", new Uint8Array(LIMITS.awarenessClients * LIMITS.awarenessStateBytes + 1)],
])("P8 an awareness update that is %s ends the connection, and nobody else's", async (_, update) => {
  const { server, clients } = await room(["alice", "bob"]);
  await using __ = server;
  const [alice, bob] = clients as [RawClient, RawClient];
  alice.awareness(update);
  expect(await alice.closed()).toEqual({ code: 4400, reason: "MALFORMED_FRAME" });
  expect(bob.close).toBeUndefined();
});

test("P9 the stock provider sees the others' carets", async () => {
  await using server = await startSyncServer();
  const documentId = await server.create();
  const [alice, bob] = [server.client(documentId), server.client(documentId, { token: "bob" })];
  await alice.synced();
  await bob.synced();
  alice.awareness.setLocalStateField("cursor", { anchor: 1, head: 1 });
  bob.awareness.setLocalStateField("cursor", { anchor: 2, head: 2 });
  const seen = (client: typeof alice, other: typeof alice) =>
    client.awareness.getStates().get(other.document.clientID) as { user?: { name: string } } | undefined;
  await eventually(() => seen(alice, bob)?.user?.name === "bob" && seen(bob, alice)?.user?.name === "alice");
});
