import { writeStateHead } from "@octavo/schema/protocol";
import { eventually, type Person, type ServerProcess, setUp, startServerProcess } from "@octavo/test-kit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import WebSocketOfWs from "ws";
import * as Y from "yjs";
import { type OpenDocument, type OpenDocumentOptions, openDocument, realTimers } from "../src/index.ts";

const PARAGRAPHS = 2_000;
const BODY = Array.from({ length: PARAGRAPHS }, (_, i) => `Paragraph ${i} of a long document.`).join("\n\n");

let server: ServerProcess;
let owner: Person;
let documentId: string;
const opened: OpenDocument[] = [];

beforeAll(async () => {
  server = await startServerProcess({ environment: { EMBED_ORIGINS: "https://wiki.example.org" } });
  owner = await setUp(server);
  ({ id: documentId } = await owner.createDocument("Long", { format: "markdown", body: BODY }));
});
afterAll(() => server[Symbol.asyncDispose]());
afterEach(() => {
  for (const document of opened.splice(0)) document.close();
});

/** Counts what comes over the socket. */
class CountingSocket extends WebSocketOfWs {
  static bytes = 0;

  constructor(address: string) {
    super(address);
    this.on("upgrade", response => {
      response.socket.on("data", chunk => {
        CountingSocket.bytes += chunk.length;
      });
    });
  }
}

/** A socket that never opens. */
class SilentSocket extends EventTarget {
  readyState = 0;
  binaryType = "blob";
  close() {}
}

const asSocket = (socket: unknown) => socket as typeof WebSocket;

function open(options: Partial<OpenDocumentOptions> = {}): OpenDocument {
  CountingSocket.bytes = 0;
  const document = openDocument({
    server: server.url,
    documentId,
    getToken: () => owner.accessToken(documentId, "editor"),
    WebSocket: asSocket(CountingSocket),
    timers: realTimers,
    ...options,
  });
  opened.push(document);
  return document;
}

const synced = (document: OpenDocument) =>
  eventually(() => document.isSynced.getSnapshot(), { what: "the handshake" });

describe("the first load", () => {
  test("J6 comes over HTTP, compressed, and the socket brings the rest only", async () => {
    let packed = 0;
    let asked = 0;
    const document = open({
      async fetch(...request) {
        const response = await fetch(...request);
        packed = Number(response.headers.get("content-length"));
        return response;
      },
      getToken() {
        asked++;
        return owner.accessToken(documentId, "editor");
      },
    });
    await synced(document);
    const whole = await owner.readUpdate(documentId);
    expect(document.body.length).toBe(PARAGRAPHS);
    expect(Y.encodeStateVector(document.doc)).toEqual(Y.encodeStateVectorFromUpdate(whole));
    expect(packed).toBeGreaterThan(0);
    expect(packed).toBeLessThan(whole.length / 3);
    expect(CountingSocket.bytes).toBeLessThan(2_000);
    expect(asked).toBe(1);
    await document.whenSaved();
    expect(document.unsentText()).toBe("");
  });

  test("J6 is no edit of the person who opens, and what is written afterwards is", async () => {
    const { id } = await owner.createDocument("Short", { format: "markdown", body: "before" });
    const getToken = () => owner.accessToken(id, "editor");
    const [ana, ben] = [open({ documentId: id, getToken }), open({ documentId: id, getToken })];
    await Promise.all([synced(ana), synced(ben)]);
    expect(ana.saveState.getSnapshot().kind).not.toBe("saving");
    const paragraph = new Y.XmlElement("paragraph");
    paragraph.insert(0, [new Y.XmlText("after")]);
    ana.body.push([paragraph]);
    await ana.whenSaved();
    await eventually(() => ben.body.toString().includes("after"));
    expect(ben.body.toString()).toContain("before");
  });

  test("J7 is not the document before the socket has said so", async () => {
    const document = open({ WebSocket: asSocket(SilentSocket) });
    await eventually(() => document.body.length === PARAGRAPHS, { what: "the text" });
    expect(document.isSynced.getSnapshot()).toBe(false);
    expect(document.saveState.getSnapshot()).toEqual({ kind: "opening" });
    expect(document.role.getSnapshot()).toMatchObject({ role: undefined, isWritable: false });
  });

  test.each<[string, typeof fetch]>([
    ["fails", () => Promise.reject(new TypeError("no network"))],
    ["is refused", async () => Response.json({ code: "NOT_FOUND" }, { status: 404 })],
    ["is a page of somebody else", async () => new Response("<html>")],
    ["cannot be read", async () => answer(Uint8Array.of(1, 0, 1, 0xff))],
    [
      "is no Yjs update",
      async () => answer(Uint8Array.of(...writeStateHead({ epoch: 0, seq: 1, updates: [] }), 9)),
    ],
    [
      "ends early",
      async () => answer(new ReadableStream({ start: stream => stream.error(new TypeError("cut")) })),
    ],
  ])("J8 does no harm where it %s: the socket brings the document", async (_what, fetch) => {
    const document = open({ fetch });
    await synced(document);
    expect(document.body.length).toBe(PARAGRAPHS);
  });

  test("J8 is waited for no longer than something of it comes", async () => {
    const hurried = {
      ...realTimers,
      after: (delayMs: number, callback: () => void) => realTimers.after(Math.min(delayMs, 100), callback),
    };
    let wasGivenUp = false;
    const document = open({
      timers: hurried,
      fetch: (_url, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener("abort", () => {
            wasGivenUp = true;
            reject(new TypeError("aborted"));
          });
        }),
    });
    await synced(document);
    expect(wasGivenUp).toBe(true);
    expect(document.body.length).toBe(PARAGRAPHS);
  });

  test("J9 of another epoch than the socket's ends the opening: two documents are never mixed", async () => {
    const other = new Y.Doc();
    other.getXmlFragment("default").push([new Y.XmlElement("paragraph")]);
    const head = writeStateHead({ epoch: 7, seq: 1, updates: [Y.encodeStateAsUpdate(other)] });
    const document = open({ fetch: async () => answer(head) });
    await eventually(() => document.connection.getSnapshot().state === "closed");
    expect(document.connection.getSnapshot()).toMatchObject({ code: "EPOCH_MISMATCH", recovery: "reload" });
    expect(document.isSynced.getSnapshot()).toBe(false);
  });
});

function answer(body: Uint8Array | ReadableStream): Response {
  return new Response(body as BodyInit, {
    headers: { "content-type": "application/vnd.octavo.document-state" },
  });
}
