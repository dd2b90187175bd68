import { openDocument } from "@octavo/client";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import { eventually, type Person, type Random, TestClient, YWebSocketClient } from "@octavo/test-kit";
import WebSocket from "ws";
import { type Doc, XmlElement, XmlText } from "yjs";

/** What people use to open a document. */
export type Kind = "stock provider" | "our client" | "our client without WebSockets" | "y-websocket";

const KINDS: readonly (readonly [number, Kind])[] = [
  [4, "stock provider"],
  [4, "our client"],
  [1, "our client without WebSockets"],
  [3, "y-websocket"],
];

/** Documents that exist at a time; each is deleted for ever after so many visits and another takes its place. */
const DOCUMENTS = 8;
const VISITS = 60;

/** An open document, whatever keeps it. */
interface Visit {
  document: Doc;
  isThere(): boolean;
  /** Edits that were acknowledged, where the client counts them. */
  acknowledged(): number;
  /** Leaves as one closes a tab. */
  close(): void;
  /** Is cut off without a word. */
  kill(): void;
}

interface Shelf {
  documentId: string;
  visits: number;
}

/** People come and go for so long; resolves when everybody has left. */
export async function churn(
  server: { url: string; person: Person },
  { people, ms, random }: { people: number; ms: number; random: Random },
): Promise<{ opened: Record<string, number>; acknowledged: number }> {
  const { person } = server;
  const shelves: Shelf[] = [];
  for (let n = 0; n < DOCUMENTS; n++)
    shelves.push({ documentId: (await person.createDocument(`Soak ${n}`)).id, visits: 0 });
  const opened: Record<string, number> = {};
  let acknowledged = 0;
  const until = performance.now() + ms;

  async function live(name: string, own: Random): Promise<void> {
    while (performance.now() < until) {
      const shelf = own.pick(shelves);
      const { documentId } = shelf;
      shelf.visits++;
      const token = await person.accessToken(documentId, "editor", { id: name, name });
      // A reload comes back to the same document at once.
      for (let reloads = own.int(0, 2); reloads >= 0; reloads--) {
        const kind = own.weighted(KINDS);
        const visit = open(kind, { url: server.url, documentId, token });
        opened[kind] = (opened[kind] ?? 0) + 1;
        await eventually(visit.isThere, { withinMs: 30_000, what: `the document by ${kind}` });
        await typeAndTidy(visit.document, own);
        acknowledged += visit.acknowledged();
        if (own.bool(0.3)) visit.kill();
        else visit.close();
        visit.document.destroy();
      }
      if (shelf.visits > VISITS) await replace(shelf);
    }
  }

  async function replace(shelf: Shelf): Promise<void> {
    const { documentId } = shelf;
    shelf.visits = Number.NEGATIVE_INFINITY;
    const next = (await person.createDocument("Soak")).id;
    shelf.documentId = next;
    shelf.visits = 0;
    leftBehind.push(documentId);
  }

  const leftBehind: string[] = [];
  await Promise.all(Array.from({ length: people }, (_, n) => live(`p${n}`, random.fork(`person ${n}`))));
  for (const { documentId } of shelves) leftBehind.push(documentId);
  for (const documentId of leftBehind) {
    await person.request("POST", `/api/v1/documents/${documentId}/trash`);
    await person.request("DELETE", `/api/v1/documents/${documentId}`);
  }
  return { opened, acknowledged };
}

/** A paragraph comes, grows and mostly goes again. */
async function typeAndTidy(document: Doc, random: Random): Promise<void> {
  const body = document.getXmlFragment(BODY_FRAGMENT);
  const text = new XmlText();
  const paragraph = new XmlElement("paragraph");
  paragraph.insert(0, [text]);
  body.insert(body.length, [paragraph]);
  for (let edits = random.int(3, 30); edits > 0; edits--) {
    text.insert(text.length, random.text(3));
    const at = performance.now() + random.int(5, 60);
    await eventually(() => performance.now() >= at);
  }
  const index = body.toArray().indexOf(paragraph);
  if (index >= 0 && random.bool(0.8)) body.delete(index, 1);
}

function open(kind: Kind, place: { url: string; documentId: string; token: string }): Visit {
  const { url, documentId, token } = place;
  if (kind === "stock provider") {
    const client = new TestClient({ url, documentId, token, schema: SCHEMA_VERSION });
    return {
      document: client.document,
      isThere: () => client.provider.isSynced,
      acknowledged: () => client.ledger.acked.length,
      close: () => client.destroy(),
      kill: () => {
        const socket = client.provider.configuration.websocketProvider.webSocket;
        (socket as unknown as { terminate(): void } | null)?.terminate();
        client.destroy();
      },
    };
  }
  if (kind === "y-websocket") {
    const params = { token, schema: String(SCHEMA_VERSION) };
    const client = new YWebSocketClient({ url, documentId, params });
    return {
      document: client.document,
      isThere: () => client.provider.synced,
      acknowledged: () => 0,
      close: () => client.destroy(),
      kill: () => {
        (client.provider.ws as unknown as { terminate(): void } | null)?.terminate();
        client.destroy();
      },
    };
  }
  const sockets: WebSocket[] = [];
  class CuttableWebSocket extends WebSocket {
    constructor(address: string | URL) {
      super(address);
      sockets.push(this);
      // An attempt that is given up has nobody to tell.
      this.on("error", () => {});
    }
  }
  const isBlocked = kind === "our client without WebSockets";
  const client = openDocument({
    server: url,
    documentId,
    getToken: () => token,
    WebSocket: (isBlocked ? BlockedWebSocket : CuttableWebSocket) as unknown as typeof globalThis.WebSocket,
  });
  return {
    document: client.doc,
    isThere: () => client.connection.getSnapshot().state === "connected",
    acknowledged: () => 0,
    close: () => client.close(),
    kill: () => {
      for (const socket of sockets) socket.terminate();
      client.close();
    },
  };
}

/** As behind a proxy that answers every upgrade with 403. */
class BlockedWebSocket extends EventTarget {
  binaryType = "arraybuffer";
  readyState = 0;
  bufferedAmount = 0;
  onclose: ((event: unknown) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;

  constructor() {
    super();
    setTimeout(() => {
      this.readyState = 3;
      const close = Object.assign(new Event("close"), { code: 1006, reason: "" });
      this.onclose?.(close);
      this.dispatchEvent(close);
    }, 1);
  }

  close(): void {}
  send(): void {}
}
