import { join } from "node:path";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import {
  createRandom,
  eventually,
  type Random,
  seedMessage,
  TestClient,
  temporaryDirectory,
  YWebSocketClient,
} from "@octavo/test-kit";
import { expect, test } from "vitest";
import { applyUpdate, Doc, encodeStateVector, equalDeleteSets, equalSnapshots, snapshot } from "yjs";
import { systemClock } from "../src/clock.ts";
import type { DocumentStore } from "../src/storage/document-store.ts";
import { openLevelDocumentStore } from "../src/storage/leveldb/open.ts";
import { loadDocument } from "../src/sync/load.ts";
import { hasPending } from "../src/sync/upstream.ts";
import { written } from "./bytes.ts";
import { createDocument, StubAccess, type SyncServer, startSyncServer, textOf } from "./harness.ts";
import { randomEdit } from "./random-edits.ts";

const ROUNDS = process.env.OCTAVO_LONG === "1" ? 200 : 8;
const STEPS = 120;

/** A server whose rooms and store can be ended and started again on the same port and directory. */
class RestartableServer implements AsyncDisposable {
  #store: DocumentStore;
  #server: SyncServer;
  readonly #directory: string;
  readonly #access: StubAccess;

  private constructor(directory: string, access: StubAccess, store: DocumentStore, server: SyncServer) {
    this.#directory = directory;
    this.#access = access;
    this.#store = store;
    this.#server = server;
  }

  static async start(directory: string): Promise<RestartableServer> {
    const access = new StubAccess();
    const store = await openLevelDocumentStore({ directory, clock: systemClock });
    return new RestartableServer(
      directory,
      access,
      store,
      await startSyncServer({ store, access, lingerMs: 5 }),
    );
  }

  get server(): SyncServer {
    return this.#server;
  }

  get store(): DocumentStore {
    return this.#store;
  }

  async restart(): Promise<void> {
    const { port } = this.#server;
    await this[Symbol.asyncDispose]();
    this.#store = await openLevelDocumentStore({ directory: this.#directory, clock: systemClock });
    this.#server = await startSyncServer({ store: this.#store, access: this.#access, port, lingerMs: 5 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await this.#store.close();
  }
}

/** Somebody with the document open, by one protocol or another. */
interface Replica {
  readonly document: Doc;
  /** Everything this client wrote is on disk, as far as its protocol tells. */
  isSaved(): boolean;
  leave(): void;
  /** The old socket is gone; before, `comeBack` may be taken for nothing. */
  hasLeft(): boolean;
  comeBack(): void;
  /** Asks for everything the server has more, out of turn. */
  ask(): void;
  describe(): string;
  destroy(): void;
}

function byHocuspocus(client: TestClient): Replica {
  const { provider, ledger } = client;
  return {
    document: client.document,
    isSaved: () => client.isSaved,
    leave: () => client.disconnect(),
    hasLeft: () => provider.configuration.websocketProvider.status === "disconnected",
    comeBack: () => client.connect(),
    ask: () => provider.forceSync(),
    describe: () =>
      JSON.stringify({ isSaved: client.isSaved, outstanding: ledger.outstanding, closes: client.closes }),
    destroy: () => client.destroy(),
  };
}

function byYWebSocket({ document, provider, closes }: YWebSocketClient, destroy: () => void): Replica {
  return {
    document,
    isSaved: () => provider.synced,
    leave: () => provider.disconnect(),
    hasLeft: () => provider.ws === null,
    comeBack: () => provider.connect(),
    ask() {
      const vector = encodeStateVector(document);
      if (provider.wsconnected) provider.ws?.send(Uint8Array.from(written(0, 0, vector.length, vector)));
    },
    describe: () => JSON.stringify({ synced: provider.synced, closes }),
    destroy,
  };
}

/** How each document differs from the first one. */
function describeDifference([first, ...others]: readonly Doc[]): string {
  const [text, state] = [textOf(first!), snapshot(first!)];
  return others
    .map(other => {
      const [otherText, { sv, ds }] = [textOf(other), snapshot(other)];
      const at = [...text].findIndex((character, index) => character !== [...otherText][index]);
      return JSON.stringify({
        hasPending: hasPending(other),
        clocks: JSON.stringify([...sv].sort()) === JSON.stringify([...state.sv].sort()),
        deletions: equalDeleteSets(ds, state.ds),
        text: text === otherText || [text.slice(at - 20, at + 80), otherText.slice(at - 20, at + 80)],
      });
    })
    .join("\n");
}

async function oneRound(random: Random): Promise<{ edits: number; restarts: number }> {
  await using directory = await temporaryDirectory();
  await using restartable = await RestartableServer.start(join(directory.path, "documents"));
  const documentId = await createDocument(restartable.store);
  const place = { url: restartable.server.url, documentId };
  const providers: TestClient[] = [];
  // Not the server's own: a restart must not end them. At least one of each kind.
  const clients = Array.from({ length: random.int(3, 5) }, (_, index): Replica => {
    const token = `person${index}`;
    if (index === 0 || (index > 1 && random.bool(0.4))) {
      const params = { token, schema: String(SCHEMA_VERSION) };
      const client = new YWebSocketClient({ ...place, params });
      return byYWebSocket(client, () => client.destroy());
    }
    const client = new TestClient({ ...place, token, schema: SCHEMA_VERSION, reconnectMs: 20 });
    providers.push(client);
    return byHocuspocus(client);
  });
  const [edits, restarts] = await work(random, restartable, clients);

  const replicas = clients.map(client => client.document);
  await eventually(() => clients.every(client => client.isSaved()) && areEqual(replicas), {
    withinMs: 20_000,
  }).catch(cause => {
    const states = clients.map(client => client.describe());
    throw new Error([...states, describeDifference(replicas)].join("\n"), { cause });
  });

  const room = new Doc();
  applyUpdate(room, (await restartable.server.rooms.readState(documentId)).update);
  for (const client of clients) client.destroy();
  await eventually(async () => (await restartable.server.loadedRooms()) === 0, {
    what: "the room to unload",
  });
  const cold = new Doc();
  await loadDocument(restartable.store, documentId, cold);
  await restartable.restart();
  const restarted = new Doc();
  const { seq } = await loadDocument(restartable.store, documentId, restarted);
  expect(
    areEqual([...replicas, room, cold, restarted]),
    describeDifference([...replicas, room, cold, restarted]),
  ).toBe(true);
  expect(seq).toBeGreaterThan(1);
  for (const client of providers) expect(client.ledger.missingFrom(cold)).toBe(0);
  return { edits, restarts };
}

/** Edits, absences and a restart of the server, in an order that the seed gives. */
async function work(
  random: Random,
  restartable: RestartableServer,
  clients: Replica[],
): Promise<[number, number]> {
  let edits = 0;
  let restarts = 0;
  const away = new Set<Replica>();
  for (let step = 0; step < STEPS; step++) {
    const client = random.pick(clients);
    const action = random.weighted<"edit" | "leave" | "return" | "ask" | "wait">([
      [20, "edit"],
      [2, "leave"],
      [3, "return"],
      [2, "ask"],
      [4, "wait"],
    ]);
    if (action === "edit" && randomEdit(client.document, random)) edits++;
    else if (action === "leave" && !away.has(client)) {
      away.add(client);
      client.leave();
    } else if (action === "return" && away.has(client) && client.hasLeft()) {
      away.delete(client);
      client.comeBack();
    } else if (action === "ask") client.ask();
    else await new Promise(resolve => setImmediate(resolve));
    if (step === Math.floor(STEPS / 2)) {
      await restartable.restart();
      restarts++;
    }
  }
  for (const client of away) {
    await eventually(() => client.hasLeft());
    client.comeBack();
  }
  return [edits, restarts];
}

function areEqual(documents: readonly Doc[]): boolean {
  const [first, ...others] = documents as [Doc, ...Doc[]];
  const wanted = snapshot(first);
  return others.every(
    other => !hasPending(other) && equalSnapshots(snapshot(other), wanted) && textOf(other) === textOf(first),
  );
}

test("C1 after edits, absences, questions out of turn and a restart all replicas, by either protocol, the room and a cold load are equal", {
  timeout: ROUNDS * 60_000,
}, async () => {
  const random = createRandom();
  console.log(seedMessage(random));
  let edits = 0;
  let restarts = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const done = await oneRound(random.fork(`round ${round}`)).catch(cause => {
      throw new Error(`round ${round}, ${seedMessage(random)}`, { cause });
    });
    edits += done.edits;
    restarts += done.restarts;
  }
  expect(edits).toBeGreaterThan(ROUNDS * 20);
  expect(restarts).toBe(ROUNDS);
});
