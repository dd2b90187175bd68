import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { AppError } from "@octavo/schema";
import type { ContentIn } from "@octavo/schema/http";
import { BODY_FRAGMENT, type ServerMessage } from "@octavo/schema/protocol";
import { temporaryDirectory } from "@octavo/test-kit";
import { applyUpdate, Doc, encodeStateAsUpdate, XmlElement, XmlText } from "yjs";
import type { AccessChange } from "../src/access/access.ts";
import { createAccess } from "../src/access/create-access.ts";
import { createAccounts } from "../src/accounts/accounts.ts";
import type { Clock } from "../src/clock.ts";
import type { ConversionPool } from "../src/documents/convert/pool.ts";
import { createDocuments } from "../src/documents/documents.ts";
import type { Rooms } from "../src/documents/rooms.ts";
import type { HttpBindings } from "../src/http/route.ts";
import { createHttp } from "../src/http/router.ts";
import { createLog } from "../src/logging/logger.ts";
import { createMetrics } from "../src/metrics/metrics.ts";
import { openCatalog } from "../src/storage/catalog/catalog.ts";
import type { DocumentStore } from "../src/storage/document-store.ts";
import {
  type MemoryDocumentStoreOptions,
  openMemoryDocumentStore,
} from "../src/storage/memory-document-store.ts";
import { beginningOf } from "../src/sync/beginning.ts";

export const ORIGIN = "http://octavo.test:3000";
/** A site whose pages may open documents with a token. */
export const EMBED_ORIGIN = "https://wiki.example.org";
export const PASSWORD = "correct horse battery";

/** A clock that tests turn forward; it starts at the real time, because Better Auth reads that one. */
export function steerableClock(): Clock & { advance(ms: number): void } {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    monotonic: () => performance.now() + ahead,
    advance(ms) {
      ahead += ms;
    },
  };
}

export interface ApiOptions {
  /** Of an earlier start; a new one where absent. */
  directory?: string;
  administrator?: { email: string; password: string };
  store?: MemoryDocumentStoreOptions;
  /** Plain text where absent. */
  render?: ConversionPool;
}

/** The floors under HTTP on a real catalog and a document store in memory. */
export async function startApi(options: ApiOptions = {}) {
  const temporary = options.directory === undefined ? await temporaryDirectory() : undefined;
  const directory = options.directory ?? temporary?.path ?? "";
  const clock = steerableClock();
  const logged: string[] = [];
  const log = createLog({ level: "debug", format: "json" }, { write: line => void logged.push(line) });
  const key = () => randomBytes(32).toString("base64url");
  const secrets = { signing: key(), session: key(), cookie: key() };
  const url = () => ORIGIN;
  const store = openMemoryDocumentStore({ clock, ...options.store });
  const catalog = await openCatalog({ file: join(directory, "catalog.sqlite"), clock });
  const accounts = await createAccounts({
    catalog,
    secrets,
    clock,
    url,
    dataDir: directory,
    log,
    ...(options.administrator && { administrator: options.administrator }),
  });
  const access = createAccess({ catalog, accounts, secrets, clock });
  const rooms = stubRooms(store);
  const changes: AccessChange[] = [];
  access.onChange(async change => void changes.push(change));
  const documents = createDocuments({
    store,
    catalog,
    access,
    rooms,
    render: options.render ?? plainConversion(),
    clock,
    log,
  });
  const internalSecret = key();
  const http = createHttp({
    documents,
    accounts,
    access,
    clock,
    url,
    embedOrigins: [EMBED_ORIGIN],
    internalSecret,
    log,
    metrics: createMetrics(),
  });
  let addresses = 0;

  return {
    directory,
    clock,
    logged,
    secrets,
    store,
    catalog,
    accounts,
    access,
    rooms,
    changes,
    documents,
    http,
    internalSecret,
    /** A browser of its own: keeps cookies, sends Origin as browsers do, has its own address. */
    browser: () => createBrowser(http, `192.0.2.${(addresses++ % 250) + 1}`),
    setUpToken: () => new URL(accounts.setupUrl() ?? "http://none/?token=").searchParams.get("token") ?? "",
    /** `restarts`: the directory is kept for the next start. */
    async close({ restarts = false } = {}) {
      await documents.close();
      await catalog.close();
      await store.close();
      if (!restarts) await temporary?.remove();
    },
  };
}
export type Api = Awaited<ReturnType<typeof startApi>>;
export type Browser = ReturnType<typeof createBrowser>;

function createBrowser(http: ReturnType<typeof createHttp>, clientAddress: string) {
  const cookies = new Map<string, string>();
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const bindings: HttpBindings = { clientAddress, origin: ORIGIN };
    const response = await http.request(
      ORIGIN + path,
      {
        method,
        headers: {
          ...(cookies.size > 0 && { cookie: [...cookies].map(pair => pair.join("=")).join("; ") }),
          ...(method !== "GET" && { origin: ORIGIN }),
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      },
      bindings,
    );
    for (const cookie of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (cookie.split(";", 1)[0] ?? "").split(/=(.*)/s);
      if (/max-age=0/i.test(cookie)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  return {
    cookies,
    send,
    get: (path: string, headers?: Record<string, string>) => send("GET", path, undefined, headers),
    post: (path: string, body?: unknown, headers?: Record<string, string>) =>
      send("POST", path, body, headers),
    patch: (path: string, body?: unknown, headers?: Record<string, string>) =>
      send("PATCH", path, body, headers),
    delete: (path: string, headers?: Record<string, string>) => send("DELETE", path, undefined, headers),
    signIn: (email: string, password = PASSWORD) =>
      send("POST", "/api/auth/sign-in/email", { email, password }),
  };
}

/** Sets up the first administrator and answers their browser. */
export async function signInAdministrator(api: Api): Promise<Browser> {
  const browser = api.browser();
  const response = await browser.post("/api/v1/set-up", {
    token: api.setUpToken(),
    name: "Ada",
    email: "ada@example.com",
    password: PASSWORD,
  });
  if (response.status !== 201) throw new Error(await response.text());
  return browser;
}

/** Invites somebody and answers their browser. */
export async function signInMember(api: Api, name: string): Promise<Browser> {
  const { secret } = await api.accounts.invite();
  const browser = api.browser();
  const response = await browser.post("/api/v1/invitations/accept", {
    token: secret,
    name,
    email: `${name.toLowerCase()}@example.com`,
    password: PASSWORD,
  });
  if (response.status !== 201) throw new Error(await response.text());
  return browser;
}

/** What of the rooms the verbs need, over the store alone: nobody is connected. */
function stubRooms(store: DocumentStore) {
  const announced: { documentId: string; message: ServerMessage }[] = [];
  const closed: { documentId: string; code: string }[] = [];
  const listeners = new Set<(documentId: string) => void>();
  const rooms: Rooms = {
    async readState(documentId) {
      const document = new Doc();
      const seq = await store.updates.head(documentId);
      for await (const record of store.updates.read(documentId, 0)) applyUpdate(document, record.update);
      return { update: encodeStateAsUpdate(document), seq };
    },
    async readBeginning(documentId) {
      const document = new Doc();
      applyUpdate(document, (await rooms.readState(documentId)).update);
      return beginningOf(document);
    },
    async readOpening(documentId, _handshake, use) {
      const meta = await store.meta(documentId);
      if (meta === undefined) throw new AppError("NOT_FOUND");
      const updates: Uint8Array[] = [];
      for await (const record of store.updates.read(documentId, 0)) updates.push(record.update);
      return use({ meta, seq: updates.length, checkpoint: undefined, updates });
    },
    async write(documentId, actor, change) {
      const { update } = await rooms.readState(documentId);
      const document = new Doc();
      applyUpdate(document, update);
      change(document);
      await store.updates.append(documentId, {
        update: encodeStateAsUpdate(document),
        actor,
        claims: [document.clientID],
      }).committed;
      for (const listener of listeners) listener(documentId);
    },
    recheck: async () => undefined,
    close: async (documentId, code) => void closed.push({ documentId, code }),
    transferOwner: () => undefined,
    announce: (documentId, message) => void announced.push({ documentId, message }),
    onText(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return { ...rooms, announced, closed };
}

/** Appends a paragraph as a change of a document. */
export function paragraph(text: string) {
  return (document: Doc) => {
    const element = new XmlElement("paragraph");
    element.insert(0, [new XmlText(text)]);
    document.getXmlFragment(BODY_FRAGMENT).push([element]);
  };
}

/** Conversion without the document schema: a paragraph a line. The real one has tests of its own. */
function plainConversion(): ConversionPool {
  const linesOf = (update: Uint8Array) => {
    const document = new Doc();
    applyUpdate(document, update);
    return document
      .getXmlFragment(BODY_FRAGMENT)
      .toArray()
      .map(node => (node instanceof XmlElement ? node.toArray().join("") : ""));
  };
  const textOf = (content: ContentIn) => (typeof content.body === "string" ? content.body : "");
  return {
    async ydocFromContent(content) {
      const text = textOf(content);
      if (text === "unconvertible") throw new AppError("CONVERSION_FAILED");
      const document = new Doc();
      if (content.format === "yjs") applyUpdate(document, Buffer.from(content.body, "base64"));
      else for (const line of text.split("\n")) paragraph(line)(document);
      const title = /^# (.*)$/m.exec(text)?.[1];
      return { update: new Uint8Array(encodeStateAsUpdate(document)), ...(title !== undefined && { title }) };
    },
    async renderState(update, format) {
      if (format === "yjs") return new Uint8Array(update);
      if (format === "json") return JSON.stringify(linesOf(update));
      if (format === "html")
        return linesOf(update)
          .map(line => `<p>${line}</p>`)
          .join("");
      return linesOf(update).join("\n");
    },
    async digest(update) {
      const text = linesOf(update).join("\n");
      const title = /^# (.*)$/m.exec(text)?.[1];
      return { ...(title !== undefined && { title }), snippet: text.slice(0, 200), text };
    },
    close: async () => undefined,
  };
}
