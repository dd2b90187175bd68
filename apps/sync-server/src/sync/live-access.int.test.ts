import { newId, type Role } from "@octavo/schema";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { YJS_PATH } from "@octavo/schema/protocol";
import { eventually, TestClient } from "@octavo/test-kit";
import { describe, expect, test } from "vitest";
import WebSocket from "ws";
import {
  recordedDocument,
  StubAccess,
  startSyncServer,
  textOf,
  userOf,
  writeParagraph,
} from "../../test/harness.ts";
import { RawClient } from "../../test/raw-client.ts";
import type { Decision } from "../access/access.ts";
import type { Identity } from "../accounts/identity.ts";

/** A token as these tests write it: JSON. */
interface Ticket {
  sub?: string;
  name?: string;
  doc: string;
  role?: Role;
  /** Milliseconds since 1970. */
  endsAt?: number;
}

const ticket = (claims: Ticket) => JSON.stringify(claims);

/** Access by tickets alone: as a token's is decided, without the account behind it. */
class TicketAccess extends StubAccess {
  override identify = async (_: Headers, token?: string): Promise<Identity | undefined> => {
    if (!token) return undefined;
    const {
      sub = "reader",
      name = "Reader",
      doc,
      role = "editor",
      endsAt = Date.now() + 3_600_000,
    } = JSON.parse(token) as Ticket;
    return {
      kind: "token",
      color: 1,
      claims: { sub, name, doc, role, iss: "user:issuer", iat: 0, exp: endsAt / 1000 },
    };
  };

  override async decide(identity: Identity | undefined, documentId: string): Promise<Decision | undefined> {
    if (identity?.kind !== "token" || identity.claims.doc !== documentId) return undefined;
    return { role: identity.claims.role };
  }
}

/** Access whose answers a test gives, each when it wants. */
class SlowAccess extends StubAccess {
  readonly asked: ((role: Role | undefined) => void)[] = [];

  override decide(): Promise<Decision | undefined> {
    return new Promise(resolve => this.asked.push(role => resolve(role && { role })));
  }

  async answer(role: Role | undefined): Promise<void> {
    (await eventually(() => this.asked.shift()))(role);
  }
}

describe("decisions about who is there", () => {
  test("L1 of two changes the later one stays, however long the earlier takes to be decided", async () => {
    const access = new SlowAccess();
    await using server = await startSyncServer({ access });
    const documentId = await server.create();
    const joining = RawClient.join({ url: server.url, documentId });
    await access.answer("editor");
    const client = await joining;
    const first = server.rooms.recheck({ documentId });
    const second = server.rooms.recheck({ documentId });
    await access.answer("editor");
    await access.answer("viewer");
    await Promise.all([first, second]);
    const { document, updates } = recordedDocument();
    writeParagraph(document, "too late");
    client.update(updates[0]!);
    await eventually(() => client.acks.length === 1);
    expect(client.acks).toEqual([false]);
  });

  test("L2 who loses access while being let in is let in to nothing", async () => {
    const access = new SlowAccess();
    await using server = await startSyncServer({ access });
    const documentId = await server.create();
    const client = new RawClient({ url: server.url, documentId });
    await client.opened();
    client.authenticate();
    client.step1();
    await eventually(() => access.asked.length === 1);
    // The change comes after the question and before its answer.
    await server.rooms.recheck({ documentId });
    await access.answer("editor");
    await access.answer(undefined);
    expect(await client.closed()).toEqual({ code: 4404, reason: "NOT_FOUND" });
    expect(client.frames.map(({ kind }) => kind)).toEqual(["denied"]);
  });

  test("L2 after it is closed a connection hears nothing more: no text, no title, nobody's presence", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const alice = await RawClient.join({ url: server.url, documentId });
    const bob = await RawClient.join({ url: server.url, documentId, token: "bob" });
    await server.access.setRole(documentId, "bob", "none");
    const heard = bob.frames.length;
    const { document, updates } = recordedDocument();
    writeParagraph(document, "not for bob");
    alice.update(updates[0]!);
    server.rooms.announce(documentId, { type: "title", title: "Not for Bob" });
    await eventually(() => alice.messages.some(({ type }) => type === "title") && alice.acks.length === 1);
    expect(await bob.closed()).toEqual({ code: 4403, reason: "FORBIDDEN" });
    expect(bob.frames.slice(heard)).toEqual([]);
    expect(textOf(bob.document)).toBe("");
  });

  test("L5 a session that ends by itself ends its connections, one that was used meanwhile does not", async () => {
    const endsAt = new Map([
      ["short", Date.now() + 400],
      ["used", Date.now() + 400],
    ]);
    await using server = await startSyncServer({
      identify: async (_, name = "") => {
        const sessionEndsAt = endsAt.get(name) ?? 0;
        const identity = userOf(name);
        return sessionEndsAt > Date.now() && identity.kind === "user"
          ? { ...identity, sessionEndsAt }
          : undefined;
      },
    });
    const documentId = await server.create();
    const short = await RawClient.join({ url: server.url, documentId, token: "short" });
    const used = await RawClient.join({ url: server.url, documentId, token: "used" });
    endsAt.set("used", Date.now() + 60_000);
    expect(await short.closed()).toEqual({ code: 4401, reason: "NOT_SIGNED_IN" });
    await eventually(() => Date.now() > (endsAt.get("short") ?? 0) + 100);
    expect(used.close).toBeUndefined();
  });
});

describe("those without access", () => {
  /** Every byte that the server says to somebody, and how it ends. */
  async function answerOf(address: string, frames: readonly Uint8Array[]): Promise<unknown[]> {
    const socket = new WebSocket(address);
    const heard: unknown[] = [];
    socket.on("message", data => heard.push([...(data as Buffer)]));
    socket.on("open", () => {
      for (const frame of frames) socket.send(frame);
    });
    return new Promise(resolve =>
      socket.on("close", (code, reason) => resolve([...heard, code, String(reason)])),
    );
  }

  const withId = (documentId: string, ...bytes: number[]) =>
    Uint8Array.from([documentId.length, ...Buffer.from(documentId), ...bytes]);

  test.each([
    ["nobody", ""],
    ["somebody else", "mallory"],
  ])("E1 %s hears the same of a document and of none, byte for byte, on both sockets", async (_, token) => {
    await using server = await startSyncServer();
    const documentId = await server.create({ epoch: 3 });
    const nothing = newId();
    server.access.roles.set(`${documentId}/user:mallory`, "none");
    server.access.roles.set(`${nothing}/user:mallory`, "none");
    // Somebody is inside: a loaded room answers as one that is not there.
    const inside = await RawClient.join({ url: server.url, documentId });
    const at = server.url.replace("http", "ws");
    const bySync = (id: string) =>
      answerOf(`${at}/sync/v1/${id}?schema=${SCHEMA_VERSION}&epoch=1`, [
        withId(id, 2, 0, token.length, ...Buffer.from(token)),
        withId(id, 0, 0, 1, 0),
      ]);
    const byYjs = (id: string) =>
      answerOf(`${at}${YJS_PATH}${id}?token=${token}&schema=1&epoch=1`, [Uint8Array.of(0, 0, 1, 0)]);
    const plain = (answer: unknown[], id: string) =>
      JSON.stringify(answer).replaceAll([...Buffer.from(id)].join(","), "the id");
    expect(plain(await bySync(documentId), documentId)).toEqual(plain(await bySync(nothing), nothing));
    expect(await byYjs(documentId)).toEqual(await byYjs(nothing));
    expect((await byYjs(documentId)).slice(-2)).toEqual([4404, "NOT_FOUND"]);
    expect(inside.close).toBeUndefined();
  });
});

describe("a token that is renewed", () => {
  test("L3 brings another role to the same connection", async () => {
    await using server = await startSyncServer({ access: new TicketAccess() });
    const documentId = await server.create();
    const client = await RawClient.join({ url: server.url, documentId, token: ticket({ doc: documentId }) });
    const { document, updates } = recordedDocument();
    writeParagraph(document, "as an editor");
    client.update(updates[0]!);
    await eventually(() => client.acks.length === 1);
    client.authenticate(ticket({ doc: documentId, role: "viewer" }));
    await eventually(() => client.messages.some(message => message.type === "role"));
    writeParagraph(document, "as a viewer");
    client.update(updates[1]!);
    await eventually(() => client.acks.length === 2);
    expect(client.acks).toEqual([true, false]);
    client.authenticate(ticket({ doc: documentId, role: "editor" }));
    await eventually(() => client.count("step1") > 0);
    client.step2(document);
    await eventually(() => client.acks.length === 3);
    expect([client.acks, client.close]).toEqual([[true, false, true], undefined]);
  });

  test.each([
    ["another person's", (doc: string) => ({ doc, sub: "somebody else" }), 4401, "NOT_SIGNED_IN"],
    [
      "of somebody whose name only begins the same",
      (doc: string) => ({ doc, sub: `${"s".repeat(199)}2` }),
      4401,
      "NOT_SIGNED_IN",
    ],
    ["another document's", () => ({ doc: newId() }), 4403, "FORBIDDEN"],
  ])("L3 is refused when it is %s", async (_, of, code, reason) => {
    await using server = await startSyncServer({ access: new TicketAccess() });
    const documentId = await server.create();
    const next = of(documentId) as Ticket;
    const sub = next.sub?.startsWith("sss") ? `${"s".repeat(199)}1` : "reader";
    const client = await RawClient.join({
      url: server.url,
      documentId,
      token: ticket({ doc: documentId, sub }),
    });
    client.authenticate(ticket({ sub, ...next }));
    expect(await client.closed()).toEqual({ code, reason });
  });

  test("L3 is asked for again while none comes", async () => {
    await using server = await startSyncServer({ access: new TicketAccess() });
    const documentId = await server.create();
    const token = ticket({ doc: documentId, endsAt: Date.now() + 2_000 });
    const client = await RawClient.join({ url: server.url, documentId, token });
    expect(await client.closed()).toEqual({ code: 4401, reason: "TOKEN_EXPIRED" });
    expect(client.count("token-request")).toBeGreaterThanOrEqual(2);
    expect(client.count("token-request")).toBeLessThan(6);
  });

  test("L3 tokens of two seconds keep a stock provider writing for ten, and others see it all the time", async () => {
    await using server = await startSyncServer({ access: new TicketAccess() });
    const documentId = await server.create();
    let tokens = 0;
    const client = new TestClient({ url: server.url, documentId, schema: SCHEMA_VERSION });
    client.provider.configuration.token = () => {
      tokens++;
      return ticket({ doc: documentId, endsAt: Date.now() + 2_000 });
    };
    const peer = server.client(documentId, { token: ticket({ doc: documentId, sub: "peer" }) });
    await Promise.all([client.synced(), peer.synced()]);
    client.awareness.setLocalState({ cursor: 1 });
    await eventually(() => peer.awareness.getStates().has(client.document.clientID));
    let vanished = 0;
    peer.awareness.on("change", ({ removed }: { removed: number[] }) => {
      if (removed.includes(client.document.clientID)) vanished++;
    });
    const from = Date.now();
    let written = 0;
    await eventually(
      () => {
        writeParagraph(client.document, `${written++}`);
        return Date.now() - from > 10_000;
      },
      { withinMs: 15_000 },
    );
    await client.saved();
    expect([client.closes, vanished, client.ledger.refusals]).toEqual([[], 0, 0]);
    expect(tokens).toBeGreaterThanOrEqual(6);
    await eventually(() => textOf(peer.document) === textOf(client.document));
    client.destroy();
  });
});
