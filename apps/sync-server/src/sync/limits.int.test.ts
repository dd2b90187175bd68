import { ERRORS, LIMITS } from "@octavo/schema";
import { eventually } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { startSyncServer } from "../../test/harness.ts";
import { HostileSocket } from "../../test/hostile/hostile-socket.ts";
import { RawClient } from "../../test/raw-client.ts";

const FULL = { code: ERRORS.TOO_MANY_CONNECTIONS.closeCode, reason: "TOO_MANY_CONNECTIONS" };

test("N1 one person has so many connections, others have theirs, and a closed one makes room", async () => {
  await using server = await startSyncServer();
  const [documentId, other] = [await server.create(), await server.create()];
  const sockets = Array.from(
    { length: LIMITS.connectionsPerActor },
    (_, i) => new HostileSocket(server.rooms, i % 2 ? documentId : other, "alice"),
  );
  await Promise.all(sockets.map(socket => socket.entered()));
  expect(sockets.every(socket => socket.isOpen)).toBe(true);
  const tooMany = new RawClient({ url: server.url, documentId, token: "alice" });
  await tooMany.opened();
  tooMany.authenticate();
  expect(await tooMany.closed()).toEqual(FULL);
  expect(tooMany.frames).toContainEqual({ kind: "denied", reason: "TOO_MANY_CONNECTIONS" });
  const colleague = await RawClient.join({ url: server.url, documentId, token: "bob" });
  expect(colleague.messages[0]).toMatchObject({ type: "welcome" });
  sockets[0]!.leave();
  const again = await RawClient.join({ url: server.url, documentId, token: "alice" });
  expect(again.messages[0]).toMatchObject({ type: "welcome" });
  for (const socket of sockets) socket.leave();
});

test("N2 a document has so many connections, and the others go on", async () => {
  await using server = await startSyncServer();
  const [documentId, other] = [await server.create(), await server.create()];
  const sockets = Array.from(
    { length: LIMITS.connectionsPerDocument },
    (_, i) => new HostileSocket(server.rooms, documentId, `person ${i}`),
  );
  await Promise.all(sockets.map(socket => socket.entered()));
  expect(sockets.every(socket => socket.isOpen)).toBe(true);
  const tooMany = new HostileSocket(server.rooms, documentId, "alice");
  await tooMany.entered();
  expect(tooMany.closeCode).toBe("TOO_MANY_CONNECTIONS");
  const elsewhere = new HostileSocket(server.rooms, other, "alice");
  await elsewhere.entered();
  expect(elsewhere.isOpen).toBe(true);
  for (const socket of [...sockets, elsewhere]) socket.leave();
  await eventually(async () => (await server.connections()) === 0);
});

test("N3 so many documents are loaded: idle ones make room, those in use stay", async () => {
  await using server = await startSyncServer({ maxRooms: 2, lingerMs: 60_000 });
  const [first, second, third] = [await server.create(), await server.create(), await server.create()];
  const join = (documentId: string) => RawClient.join({ url: server.url, documentId });
  const leaving = await join(first);
  const staying = await join(second);
  leaving.socket.close();
  await eventually(async () => (await server.connections()) === 1);
  const third1 = await join(third);
  expect(third1.messages[0]).toMatchObject({ type: "welcome" });
  expect(await server.loadedRooms()).toBe(2);
  const refused = await join(first);
  expect(await refused.closed()).toEqual(FULL);
  expect(staying.close).toBeUndefined();
});

test("N4 a heap that is nearly full takes no further document, and keeps those who are in", async () => {
  let share = 0.2;
  await using server = await startSyncServer({ heapShare: () => share });
  const [first, second] = [await server.create(), await server.create()];
  await RawClient.join({ url: server.url, documentId: first });
  share = LIMITS.heapShare;
  const inLoaded = await RawClient.join({ url: server.url, documentId: first, token: "bob" });
  expect(inLoaded.messages[0]).toMatchObject({ type: "welcome" });
  const refused = await RawClient.join({ url: server.url, documentId: second });
  expect(await refused.closed()).toEqual(FULL);
});
