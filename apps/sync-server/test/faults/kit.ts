import { randomBytes } from "node:crypto";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import {
  eventually,
  type Person,
  type ServerProcess,
  type ServerProcessOptions,
  setUp,
  startServerProcess,
  TestClient,
  type TestClientOptions,
  temporaryDirectory,
} from "@octavo/test-kit";
import { expect } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate, XmlElement, XmlText } from "yjs";
import { systemClock } from "../../src/clock.ts";
import { openLevelDocumentStore } from "../../src/storage/leveldb/open.ts";
import { loadDocument } from "../../src/sync/load.ts";
import { hasPending, keepFormatting } from "../../src/sync/upstream.ts";
import { textOf } from "../harness.ts";

export const IS_LONG = process.env.OCTAVO_LONG === "1";
export const METRICS_TOKEN = "metrics-token-of-the-tests";

/** Somebody who types numbered tokens, so that a checker can say of each where it is and how often. */
export class Writer {
  readonly name: string;
  readonly client: TestClient;
  /** Tokens typed so far. */
  typed = 0;
  /** What came from the server, and nothing else: the writer's own may not be acknowledged yet. */
  readonly seen = new Doc();
  #text: XmlText | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, options: TestClientOptions) {
    this.name = name;
    this.client = new TestClient(options);
    keepFormatting(this.seen);
    this.document.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === this.client.provider) applyUpdate(this.seen, update);
    });
  }

  get document(): Doc {
    return this.client.document;
  }

  /** One edit: so many more tokens at the end of the writer's own paragraph. */
  type(tokens = 1): void {
    const first = this.typed + 1;
    this.typed += tokens;
    const text = Array.from({ length: tokens }, (_, index) => `${this.name}.${first + index};`).join("");
    this.document.transact(() => {
      this.#text ??= this.#ownParagraph();
      this.#text.insert(this.#text.length, text);
    });
  }

  /** Something large that cannot be compressed comes and goes again: it fills the log and not the document. */
  pasteAndUndo(characters: number): void {
    this.#text ??= this.#ownParagraph();
    const { length } = this.#text;
    this.#text.insert(length, randomBytes(characters).toString("base64").slice(0, characters));
    this.#text.delete(length, characters);
  }

  /** Types a token every so often until `rest`. */
  keepTyping(everyMs: number): void {
    this.#timer ??= setInterval(() => this.type(), everyMs);
  }

  rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** What the server said last about its store. */
  get storage(): { writable: boolean } | undefined {
    return this.client.messages.findLast(message => message.type === "storage");
  }

  leave(): void {
    this.rest();
    this.client.destroy();
  }

  #ownParagraph(): XmlText {
    const text = new XmlText();
    const paragraph = new XmlElement("paragraph");
    paragraph.insert(0, [text]);
    const body = this.document.getXmlFragment(BODY_FRAGMENT);
    body.insert(body.length, [paragraph]);
    return text;
  }
}

/** The real server with an administrator, and writers on its documents. */
export class House implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly person: Person;
  readonly writers: { writer: Writer; documentId: string }[] = [];

  private constructor(server: ServerProcess, person: Person) {
    this.server = server;
    this.person = person;
  }

  static async start(options: ServerProcessOptions = {}): Promise<House> {
    const environment = { METRICS_TOKEN, LOG_FORMAT: "json", ...options.environment };
    const server = await startServerProcess({ ...options, environment });
    return new House(server, await setUp(server));
  }

  async createDocument(title = "Faults"): Promise<string> {
    return (await this.person.createDocument(title)).id;
  }

  async writer(name: string, documentId: string, options: Partial<TestClientOptions> = {}): Promise<Writer> {
    const token = await this.person.accessToken(documentId, "editor", { id: name, name });
    const place = { url: this.server.url, documentId, token, schema: SCHEMA_VERSION, reconnectMs: 20 };
    const writer = new Writer(name, { ...place, ...options });
    this.writers.push({ writer, documentId });
    return writer;
  }

  /** Somebody goes and is not asked any more. */
  leaves(writer: Writer): void {
    writer.leave();
    const index = this.writers.findIndex(one => one.writer === writer);
    this.writers.splice(index, 1);
  }

  /** The document as the server gives it to who asks over HTTP. */
  async stored(documentId: string): Promise<Doc> {
    const document = new Doc();
    applyUpdate(document, await this.person.readUpdate(documentId));
    return document;
  }

  async readiness(): Promise<{ status: string; reasons: string[] }> {
    return (await (await fetch(`${this.server.url}/readyz`)).json()) as { status: string; reasons: string[] };
  }

  /** One number of /metrics. */
  async metric(name: string): Promise<number> {
    return (await this.metrics())[name] ?? 0;
  }

  /** All numbers of /metrics without labels. */
  async metrics(): Promise<Record<string, number>> {
    const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
    const text = await (await fetch(`${this.server.url}/metrics`, { headers })).text();
    const lines = [...text.matchAll(/^([a-z_]+) ([\d.e+]+)$/gm)];
    return Object.fromEntries(lines.map(([, key = "", value]) => [key, Number(value)]));
  }

  /** Lines of the log with this event. */
  logged(event: string): Record<string, unknown>[] {
    return this.server.output
      .split("\n")
      .filter(line => line.startsWith("{") && line.includes(`"${event}"`))
      .map(line => JSON.parse(line) as Record<string, unknown>);
  }

  /** Everybody's last edit is acknowledged. */
  async allSaved(withinMs = 15_000): Promise<void> {
    await eventually(() => this.writers.every(({ writer }) => writer.client.isSaved), {
      withinMs,
      what: "the acknowledgements",
    });
  }

  /**
   * Of a server that is dead: whatever was acknowledged or seen is on disk, of each writer everything up to some
   * token (an end may be missing, never a hole), and nothing twice. Looks at a copy; `hint` says how to repeat the run.
   */
  async expectNothingLost(hint = ""): Promise<void> {
    // What was sent before the end may still be in the sockets: it was acknowledged and shown all the same.
    await eventually(() => this.writers.every(({ writer }) => !writer.client.provider.isSynced));
    await using copy = await temporaryDirectory();
    const directory = join(copy.path, "documents");
    await cp(join(this.server.dataDirectory, "documents"), directory, { recursive: true });
    await cp(join(this.server.dataDirectory, "VERSION"), join(copy.path, "VERSION"));
    const store = await openLevelDocumentStore({ directory, clock: systemClock });
    try {
      for (const documentId of new Set(this.writers.map(one => one.documentId))) {
        const cold = new Doc();
        await loadDocument(store, documentId, cold);
        expect(hasPending(cold), hint).toBe(false);
        this.#expectAllIn(documentId, cold, hint);
      }
    } finally {
      await store.close();
    }
  }

  #expectAllIn(documentId: string, cold: Doc, hint: string): void {
    const writers = this.#writersOf(documentId);
    const found = writers.map(({ name, client, seen }) => ({
      name,
      ackedAndMissing: client.ledger.missingFrom(cold),
      isSeenThere: isContained(seen, cold),
    }));
    expect(found, hint).toEqual(writers.map(({ name }) => ({ name, ackedAndMissing: 0, isSeenThere: true })));
    // A refusal is answered before what was sent earlier: which frame an answer is for would then be unknown.
    expect(
      writers.map(({ client }) => client.ledger.refusals),
      hint,
    ).toEqual(writers.map(() => 0));
    expect(holes(textOf(cold)), hint).toEqual([]);
    // From here on the tokens tell: comparing everything again each time would take longer and longer.
    for (const { client } of writers) client.ledger.acked.length = 0;
  }

  /** When all is saved: each token of everybody is in each replica and on disk exactly once. */
  async expectEachTokenOnce(hint = ""): Promise<void> {
    for (const [documentId, stored] of await this.#documents()) {
      const writers = this.#writersOf(documentId);
      const wanted = Object.fromEntries(writers.map(({ name, typed }) => [name, typed]));
      const replicas = [stored, ...writers.map(({ document }) => document)];
      await eventually(() => new Set(replicas.map(textOf)).size === 1, { what: `equal replicas ${hint}` });
      for (const replica of replicas) {
        expect(holes(textOf(replica)), hint).toEqual([]);
        expect(tokensOf(textOf(replica)), hint).toEqual(wanted);
      }
    }
  }

  /** The server is killed, its disk examined, and it comes back. */
  async killAndReturn(hint = ""): Promise<void> {
    await this.server.kill();
    await this.expectNothingLost(hint);
    await this.server.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { writer } of this.writers) writer.leave();
    await this.server[Symbol.asyncDispose]();
  }

  #writersOf(documentId: string): Writer[] {
    return this.writers.filter(one => one.documentId === documentId).map(({ writer }) => writer);
  }

  async #documents(): Promise<[string, Doc][]> {
    const ids = [...new Set(this.writers.map(({ documentId }) => documentId))];
    return Promise.all(ids.map(async id => [id, await this.stored(id)] as [string, Doc]));
  }
}

/** How many tokens of each writer the text has. */
function tokensOf(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [, name = ""] of text.matchAll(/(\w+)\.\d+;/g)) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Tokens that do not follow their writer's token before: one is missing, or is there twice. */
function holes(text: string): string[] {
  const last: Record<string, number> = {};
  const wrong: string[] = [];
  for (const [token, name = "", number] of text.matchAll(/(\w+)\.(\d+);/g)) {
    if (Number(number) !== (last[name] ?? 0) + 1) wrong.push(token);
    last[name] = Number(number);
  }
  return wrong;
}

/** True when `seen` holds nothing that `stored` does not. */
function isContained(seen: Doc, stored: Doc): boolean {
  const both = new Doc();
  keepFormatting(both);
  applyUpdate(both, encodeStateAsUpdate(stored));
  const before = encodeStateAsUpdate(both);
  applyUpdate(both, encodeStateAsUpdate(seen));
  return Buffer.compare(before, encodeStateAsUpdate(both)) === 0;
}
