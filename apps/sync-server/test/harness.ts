import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { LIMITS, newId, type Role } from "@octavo/schema";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import { TestClient, type TestClientOptions } from "@octavo/test-kit";
import { type Logger, pino } from "pino";
import { Doc, encodeStateAsUpdate, type Transaction, XmlElement, XmlText } from "yjs";
import type { Access, AccessChange } from "../src/access/access.ts";
import { actorOf, type Identity } from "../src/accounts/identity.ts";
import { systemClock } from "../src/clock.ts";
import type { LiveRooms } from "../src/documents/client-socket.ts";
import { createEventsDoor, type EventsDoorOptions } from "../src/edge/events-door.ts";
import type { Line } from "../src/edge/line.ts";
import { createSocketDoor, type SocketDoor } from "../src/edge/websocket.ts";
import { createMetrics } from "../src/metrics/metrics.ts";
import type { DocumentMeta, DocumentStore } from "../src/storage/document-store.ts";
import { openMemoryDocumentStore } from "../src/storage/memory-document-store.ts";
import { createRooms, type RoomsOptions } from "../src/sync/rooms.ts";

/** Answers by the token alone: `alice` is the user alice; everybody may edit unless `roles` says otherwise. */
export class StubAccess implements Access {
  /** `{documentId}/{actor}` → role, or "none". */
  readonly roles = new Map<string, Role | "none">();
  readonly #listeners = new Set<(change: AccessChange) => Promise<void>>();

  identify = async (_headers: Headers, token?: string): Promise<Identity | undefined> =>
    token ? userOf(token) : undefined;

  async decide(identity: Identity | undefined, documentId: string) {
    if (identity === undefined) return undefined;
    const role = this.roles.get(`${documentId}/${actorOf(identity)}`) ?? "editor";
    return role === "none" ? undefined : { role };
  }

  onChange(listener: (change: AccessChange) => Promise<void>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sets a role and tells the rooms, as the API does. */
  async setRole(documentId: string, name: string, role: Role | "none"): Promise<void> {
    const actor = `user:${name}`;
    this.roles.set(`${documentId}/${actor}`, role);
    await Promise.all([...this.#listeners].map(listener => listener({ documentId, actor })));
  }
}

/** A paragraph more at the document's end. */
export function writeParagraph(document: Doc, text: string): void {
  const paragraph = new XmlElement("paragraph");
  paragraph.insert(0, [new XmlText(text)]);
  const body = document.getXmlFragment(BODY_FRAGMENT);
  body.insert(body.length, [paragraph]);
}

export const textOf = (document: Doc): string => document.getXmlFragment(BODY_FRAGMENT).toString();

/** A document, and the updates that its own changes make. */
export function recordedDocument(clientId?: number): { document: Doc; updates: Uint8Array[] } {
  const document = new Doc();
  if (clientId !== undefined) document.clientID = clientId;
  const updates: Uint8Array[] = [];
  document.on("update", (update: Uint8Array, _origin: unknown, _: Doc, transaction: Transaction) => {
    if (transaction.local) updates.push(update);
  });
  return { document, updates };
}

export function userOf(name: string): Identity {
  return {
    kind: "user",
    userId: name,
    sessionId: `session-of-${name}`,
    sessionEndsAt: Date.now() + 24 * 60 * 60 * 1000,
    name,
    email: `${name}@example.org`,
    color: name.length % 10,
    administrator: false,
  };
}

export interface SyncServer extends AsyncDisposable {
  port: number;
  url: string;
  rooms: LiveRooms;
  door: SocketDoor;
  access: StubAccess;
  store: DocumentStore;
  /** Open connections that this transport carries. */
  sockets(transport: string): Promise<number>;
  /** Documents loaded now. */
  loadedRooms(): Promise<number>;
  /** Sockets that belong to a document or are about to. */
  connections(): Promise<number>;
  /** Creates an empty document and returns its id. */
  create(meta?: Partial<DocumentMeta>, initial?: Doc): Promise<string>;
  /** A stock provider on a document; closed with the server. */
  client(documentId: string, options?: Partial<TestClientOptions>): TestClient;
}

export interface SyncServerOptions extends Partial<Omit<RoomsOptions, "access">> {
  port?: number;
  access?: StubAccess;
  pingMs?: number;
  line?: Line;
  silenceMs?: number;
  events?: Pick<EventsDoorOptions, "embedOrigins" | "times">;
}

/** Rooms and socket door on a port of their own, without the rest of the server. */
export async function startSyncServer(options: SyncServerOptions = {}): Promise<SyncServer> {
  const store = options.store ?? openMemoryDocumentStore();
  const access = options.access ?? new StubAccess();
  const metrics = options.metrics ?? createMetrics();
  const log: Logger = options.log ?? pino({ level: process.env.LOG_LEVEL ?? "silent" });
  const rooms = createRooms({
    store,
    access,
    identify: options.identify ?? access.identify,
    clock: options.clock ?? systemClock,
    log,
    metrics,
    lingerMs: options.lingerMs ?? 20,
    ...(options.maxRooms !== undefined && { maxRooms: options.maxRooms }),
    ...(options.heapShare && { heapShare: options.heapShare }),
    ...(options.authenticateMs !== undefined && { authenticateMs: options.authenticateMs }),
  });
  const door = createSocketDoor({
    rooms,
    metrics,
    log,
    ...(options.pingMs !== undefined && { pingMs: options.pingMs }),
    ...(options.line !== undefined && { line: options.line }),
    ...(options.silenceMs !== undefined && { silenceMs: options.silenceMs }),
  });
  const events = createEventsDoor({ rooms, metrics, log, ...options.events });
  const askerOf = (request: IncomingMessage) => ({
    address: "127.0.0.1",
    protocol: "http" as const,
    host: request.headers.host ?? "",
  });
  const server = createServer((request, response) => {
    void events.handleRequest(request, response, askerOf(request));
  });
  server.on("upgrade", (request, socket, head) =>
    door.handleUpgrade(request, socket, head, askerOf(request)),
  );
  await new Promise<void>(resolve =>
    server.listen({ port: options.port ?? 0, host: "127.0.0.1", backlog: LIMITS.listenBacklog }, resolve),
  );
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const clients: TestClient[] = [];
  return {
    port,
    url,
    rooms,
    door,
    access,
    store,
    sockets: async transport =>
      (await metrics.sockets.get()).values.find(({ labels }) => labels.transport === transport)?.value ?? 0,
    loadedRooms: async () => (await metrics.rooms.get()).values[0]?.value ?? 0,
    connections: async () => (await metrics.connections.get()).values[0]?.value ?? 0,
    create: (meta, initial) => createDocument(store, meta, initial),
    client(documentId, own = {}) {
      const client = new TestClient({ url, documentId, token: "alice", schema: SCHEMA_VERSION, ...own });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      await rooms.drain(2_000).catch(() => {});
      door.close();
      await events.close(0);
      server.close();
      server.closeAllConnections();
      if (options.store === undefined) await store.close();
    },
  };
}

/** A document as the API creates one. */
export async function createDocument(
  store: DocumentStore,
  meta: Partial<DocumentMeta> = {},
  initial = new Doc(),
): Promise<string> {
  const documentId = meta.documentId ?? newId();
  const claims = [...initial.store.clients.keys()];
  await store.create(
    { documentId, epoch: 0, schemaVersion: SCHEMA_VERSION, kind: "document", createdAt: Date.now(), ...meta },
    { update: encodeStateAsUpdate(initial), actor: "server", claims },
  );
  return documentId;
}
