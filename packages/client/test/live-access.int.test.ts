/**
 * Access that changes while somebody writes: each change × each way in, on the real server. A way in more is one row
 * of WAYS_IN, a change more one row of CHANGES.
 */

import { SCHEMA_VERSION } from "@octavo/schema/document";
import { API_PATH, AUTH_PATH, BODY_FRAGMENT, EVENT_STREAM_TYPE } from "@octavo/schema/protocol";
import {
  eventually,
  type Person,
  type ServerProcess,
  setUp,
  startServerProcess,
  TestClient,
  YWebSocketClient,
} from "@octavo/test-kit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocketOfWs from "ws";
import * as Y from "yjs";
import { type OpenDocumentOptions, openDocument, realTimers, type Timers } from "../src/index.ts";

/** What shows who somebody is: an access token, or a cookie of a page of our own. */
interface Credentials {
  token?: string;
  cookie?: string;
}

/** Somebody inside, whichever way they came. */
interface Inside {
  document: Y.Doc;
  /** The close for good, once there was one. */
  ended(): { code?: number; reason: string } | undefined;
  /** What the server said the role is now; undefined on ways in that do not say it. */
  role?(): string | undefined;
  /** Text that the server does not have, where the client knows. */
  unsent?(): string;
  ready(): boolean;
  leave(): void;
}

type WayIn = (documentId: string, credentials: Credentials) => Inside;

let server: ServerProcess;
let owner: Person;

const headersOf = ({ cookie }: Credentials): Record<string, string> =>
  cookie === undefined ? {} : { cookie, origin: server.url };

function socketWith(headers: Record<string, string>): typeof WebSocket {
  return class extends WebSocketOfWs {
    constructor(address: string) {
      super(address, { headers });
      this.on("error", () => {});
    }
  } as unknown as typeof WebSocket;
}

/** Four times as fast: to find out that a transport does not get through takes seconds. */
const timers: Timers = {
  now: () => realTimers.now() * 4,
  after: (delayMs, callback) => realTimers.after(delayMs / 4, callback),
  random: () => 0,
};

/** Somebody in our client; `blocked` names the transports that do not get through. */
function openAs(
  documentId: string,
  credentials: Credentials,
  blocked: Partial<OpenDocumentOptions> = {},
): Inside {
  const { token } = credentials;
  const opened = openDocument({
    server: server.url,
    documentId,
    ...(token !== undefined && { getToken: () => token }),
    WebSocket: socketWith(headersOf(credentials)),
    fetch: fetchWith(headersOf(credentials)),
    timers,
    ...blocked,
  });
  return {
    document: opened.doc,
    ended() {
      const connection = opened.connection.getSnapshot();
      return connection.state === "closed" ? { reason: connection.code } : undefined;
    },
    role: () => opened.role.getSnapshot().role,
    unsent: () => opened.unsentText(),
    ready: () => opened.isSynced.getSnapshot(),
    leave: () => opened.close(),
  };
}

function fetchWith(headers: Record<string, string>, isBlocked = (_: Headers) => false): typeof fetch {
  return async (input, init) => {
    const all = new Headers({ ...Object.fromEntries(new Headers(init?.headers)), ...headers });
    if (isBlocked(all)) throw new TypeError("blocked");
    return fetch(input, { ...init, headers: all });
  };
}

/** No WebSocket gets through here. */
class NoSocket extends EventTarget {
  readyState = 0;

  constructor() {
    super();
    queueMicrotask(() => this.dispatchEvent(new CloseEvent("close", { code: 1006 })));
  }

  close(): void {}
}
const noSocket = NoSocket as unknown as typeof WebSocket;

const WAYS_IN: Record<string, WayIn> = {
  "our client": openAs,
  "our client by event stream": (documentId, credentials) =>
    openAs(documentId, credentials, { WebSocket: noSocket }),
  "our client by long polling": (documentId, credentials) =>
    openAs(documentId, credentials, {
      WebSocket: noSocket,
      fetch: fetchWith(headersOf(credentials), headers => headers.get("accept") === EVENT_STREAM_TYPE),
    }),
  "the stock provider": (documentId, credentials) => {
    const client = new TestClient({
      url: server.url,
      documentId,
      schema: SCHEMA_VERSION,
      headers: headersOf(credentials),
      ...(credentials.token !== undefined && { token: credentials.token }),
      // Does not come back within a test: the first close is the one that is looked at.
      reconnectMs: 60_000,
    });
    return {
      document: client.document,
      ended: () => client.closes[0],
      role: () => client.messages.flatMap(message => ("role" in message ? [message.role] : [])).at(-1),
      ready: () => client.provider.isSynced,
      leave: () => client.destroy(),
    };
  },
  "y-websocket": (documentId, credentials) => {
    const client = new YWebSocketClient({
      url: server.url,
      documentId,
      headers: headersOf(credentials),
      params: {
        schema: String(SCHEMA_VERSION),
        ...(credentials.token !== undefined && { token: credentials.token }),
      },
    });
    return {
      document: client.document,
      ended: () => client.ended,
      ready: () => client.provider.synced,
      leave: () => client.destroy(),
    };
  },
};

interface Change {
  /** Lets somebody in, and answers what they come with and how their access changes. */
  arrange(documentId: string): Promise<{ credentials: Credentials; change: () => Promise<unknown> }>;
  /** The close for good, or the role that is left. */
  outcome: { code: number; reason: string } | { role: "viewer" | "editor" };
  /** Where the change comes by itself. */
  withinMs?: number;
}

const CHANGES: Record<string, Change> = {
  "L2 a revoked link": {
    async arrange(documentId) {
      const link = await owner.createLink(documentId, "editor");
      return { credentials: { cookie: await visit(link.url) }, change: () => revoke(documentId, link.id) };
    },
    outcome: { code: 4403, reason: "FORBIDDEN" },
  },
  "L1 a link that is replaced by a weaker one": {
    async arrange(documentId) {
      const [strong, weak] = [
        await owner.createLink(documentId, "editor"),
        await owner.createLink(documentId, "viewer"),
      ];
      const cookie = await visit(weak.url, await visit(strong.url));
      return { credentials: { cookie }, change: () => revoke(documentId, strong.id) };
    },
    outcome: { role: "viewer" },
  },
  "L1 a stronger link that is opened": {
    async arrange(documentId) {
      const [strong, weak] = [
        await owner.createLink(documentId, "editor"),
        await owner.createLink(documentId, "viewer"),
      ];
      const cookie = await visit(weak.url);
      return { credentials: { cookie }, change: () => visit(strong.url, cookie) };
    },
    outcome: { role: "editor" },
  },
  "L2 sign-out": {
    async arrange(documentId) {
      const person = await memberOf(documentId);
      return {
        credentials: { cookie: person.cookie },
        change: () => person.request("POST", `${AUTH_PATH}/sign-out`, {}),
      };
    },
    outcome: { code: 4401, reason: "NOT_SIGNED_IN" },
  },
  "L2 a session that is ended from another one": {
    async arrange(documentId) {
      const person = await memberOf(documentId);
      const { cookie } = person;
      await person.signIn();
      return {
        credentials: { cookie },
        change: () => person.request("POST", `${AUTH_PATH}/revoke-other-sessions`, {}),
      };
    },
    outcome: { code: 4401, reason: "NOT_SIGNED_IN" },
  },
  "L2 a token whose maker loses access": {
    async arrange(documentId) {
      const link = await owner.createLink(documentId, "editor");
      await visit(link.url, member.cookie);
      const token = await member.accessToken(documentId, "editor", { id: "reader", name: "Reader" });
      return { credentials: { token }, change: () => revoke(documentId, link.id) };
    },
    outcome: { code: 4403, reason: "FORBIDDEN" },
  },
  "L1 a token whose maker may less than before": {
    async arrange(documentId) {
      const [strong, weak] = [
        await owner.createLink(documentId, "editor"),
        await owner.createLink(documentId, "viewer"),
      ];
      await visit(strong.url, member.cookie);
      await visit(weak.url, member.cookie);
      const token = await member.accessToken(documentId, "editor", { id: "reader", name: "Reader" });
      return { credentials: { token }, change: () => revoke(documentId, strong.id) };
    },
    outcome: { role: "viewer" },
  },
  "L2 a token whose key is revoked": {
    async arrange(documentId) {
      const { id, key } = await owner.request<{ id: string; key: string }>("POST", `${API_PATH}/api-keys`, {
        name: "For an embed",
      });
      const response = await fetch(`${server.url}${API_PATH}/documents/${documentId}/access-tokens`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ role: "editor", user: { id: "reader", name: "Reader" } }),
      });
      const { token } = (await response.json()) as { token: string };
      return { credentials: { token }, change: () => owner.request("DELETE", `${API_PATH}/api-keys/${id}`) };
    },
    outcome: { code: 4403, reason: "FORBIDDEN" },
  },
  "L3 a token that ends": {
    async arrange(documentId) {
      const { token } = await owner.request<{ token: string }>(
        "POST",
        `${API_PATH}/documents/${documentId}/access-tokens`,
        { role: "editor", user: { id: "reader", name: "Reader" }, expiresInSeconds: 10 },
      );
      return { credentials: { token }, change: async () => {} };
    },
    outcome: { code: 4401, reason: "TOKEN_EXPIRED" },
    withinMs: 12_000,
  },
  "L4 a document in the trash": {
    async arrange(documentId) {
      const link = await owner.createLink(documentId, "editor");
      return {
        credentials: { cookie: await visit(link.url) },
        change: () => owner.request("POST", `${API_PATH}/documents/${documentId}/trash`, {}),
      };
    },
    outcome: { code: 4410, reason: "GONE" },
  },
};

let member: Person;
let ben = 0;

beforeAll(async () => {
  server = await startServerProcess();
  owner = await setUp(server);
  member = await owner.invite("Mia Member");
});
afterAll(() => server[Symbol.asyncDispose]());

/** Opens a link; the cookie of who came by it. */
async function visit(url: string, cookie = ""): Promise<string> {
  const response = await fetch(url, { redirect: "manual", headers: cookie === "" ? {} : { cookie } });
  expect(response.status).toBe(303);
  return response.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
}

const revoke = (documentId: string, linkId: string) =>
  owner.request("DELETE", `${API_PATH}/documents/${documentId}/links/${linkId}`);

/** An account of its own that came by a link. */
async function memberOf(documentId: string): Promise<Person> {
  ben += 1;
  const person = await owner.invite(`Ben ${ben}`);
  await visit((await owner.createLink(documentId, "editor")).url, person.cookie);
  return person;
}

const word = (number: number) => `w${number}w`;

function writeWord(document: Y.Doc, number: number): void {
  const paragraph = new Y.XmlElement("paragraph");
  paragraph.insert(0, [new Y.XmlText(word(number))]);
  document.getXmlFragment(BODY_FRAGMENT).push([paragraph]);
}

function wordsIn(text: string): number[] {
  return [...text.matchAll(/w(\d+)w/g)].map(match => Number(match[1])).sort((a, b) => a - b);
}

/** What is on disk, also of a document in the trash. */
async function stored(documentId: string): Promise<number[]> {
  return wordsIn(await owner.read(documentId, "text"));
}

describe.each(Object.entries(CHANGES))("%s", (_, { arrange, outcome, withinMs = 1_000 }) => {
  const options = { concurrent: withinMs > 1_000 };
  test.each(Object.entries(WAYS_IN))("reaches who came by %s", options, async (_way, enter) => {
    const { id } = await owner.createDocument("A title that is nobody else's business");
    const { credentials, change } = await arrange(id);
    const inside = enter(id, credentials);
    await eventually(inside.ready, { what: "the document" });
    const isLoss = !("role" in outcome) || outcome.role === "viewer";
    let written = 0;
    const write = () => writeWord(inside.document, written++);
    const typing = isLoss ? setInterval(write, 3) : undefined;
    if (isLoss) await eventually(async () => (await stored(id)).length > 5);

    await change();
    const answeredAt = performance.now();
    const took = () => performance.now() - answeredAt;
    // Written before the client knows of it.
    write();
    const isOver = () => {
      if (!("role" in outcome)) return inside.ended() !== undefined;
      return inside.role === undefined || inside.role() === outcome.role;
    };
    await eventually(isOver, { withinMs: withinMs + 2_000, what: "the change" });
    expect(took()).toBeLessThan(withinMs);
    const firstAfter = written;
    write();
    clearInterval(typing);
    write();

    if ("role" in outcome && outcome.role === "editor") {
      await eventually(async () => (await stored(id)).length === written);
    } else if ("role" in outcome) {
      // A client that is told nothing else is closed at its next write.
      if (inside.role === undefined) await eventually(inside.ended);
      if (inside.role === undefined) expect(inside.ended()).toEqual({ code: 4403, reason: "READ_ONLY" });
      else expect(inside.ended()).toBeUndefined();
    } else {
      expect(inside.ended()).toMatchObject({ reason: outcome.reason });
      if (inside.ended()?.code !== undefined) expect(inside.ended()).toEqual(outcome);
    }
    if (isLoss) {
      // Nothing of what was written after the end is on disk, and of what was before it none in the middle is missing.
      const words = await stored(id);
      expect(words.length).toBeLessThanOrEqual(firstAfter);
      expect(words).toEqual(Array.from(words, (_word, index) => index));
      if (inside.unsent) {
        const kept = new Set(wordsIn(inside.unsent()));
        const all = Array.from({ length: written }, (_word, index) => index);
        expect(all.filter(number => !kept.has(number) && !words.includes(number))).toEqual([]);
      }
    }
    inside.leave();
  });
});
