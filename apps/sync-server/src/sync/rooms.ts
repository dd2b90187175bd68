import { setImmediate as nextTurn } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import { AppError, type ErrorCode, LIMITS } from "@octavo/schema";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import type { Handshake, ServerMessage } from "@octavo/schema/protocol";
import type { Logger } from "pino";
import { Doc, encodeStateAsUpdate } from "yjs";
import type { Access, AccessChange } from "../access/access.ts";
import type { Clock } from "../clock.ts";
import type { ClientSocket, LiveRooms, SocketListener, SocketRequest } from "../documents/client-socket.ts";
import { Gate } from "../documents/gate.ts";
import type { Beginning, OpeningState } from "../documents/rooms.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { DocumentMeta, DocumentStore } from "../storage/document-store.ts";
import { beginningOf } from "./beginning.ts";
import type { AppliedUpdate } from "./broadcast.ts";
import { CheckpointMaker } from "./checkpoint-maker.ts";
import { Checkpoints } from "./checkpoints.ts";
import { type House, SyncConnection } from "./connection.ts";
import { Deliveries } from "./deliveries.ts";
import { Engine } from "./engine.ts";
import type { Identify } from "./entry.ts";
import { knownNames } from "./known-names.ts";
import { loadDocument } from "./load.ts";
import { OpenRoom } from "./open-room.ts";
import { OpeningStates } from "./opening-state.ts";
import { Presence } from "./presence.ts";
import { Renewals } from "./renewals.ts";
import { Room } from "./room.ts";
import { Seats } from "./seats.ts";
import { Turns } from "./turns.ts";
import {
  forgetLoading,
  type HocuspocusDocument,
  hasPending,
  takeOverAwareness,
  takeOverBroadcast,
} from "./upstream.ts";

export interface RoomsOptions {
  store: DocumentStore;
  access: Access;
  identify: Identify;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** Time a room stays loaded after its last visitor; a reload of a page finds it warm. */
  lingerMs?: number;
  authenticateMs?: number;
  /** Documents loaded at once. */
  maxRooms?: number;
  /** Used share of the heap; tests give their own. */
  heapShare?: () => number;
}

const LINGER_MS = 30_000;
/** About 0.5 ms each. */
const RECHECKS_PER_TURN = 16;
/** Of the time for draining. */
const CHECKPOINT_SHARE = 0.8;
/** Idle rooms unloaded at once where there is no room for another. */
const UNLOADED_AT_ONCE = 16;
/** Documents opened at once: enough for every thread that reads, and a bound on what is in memory half-way. */
const OPENINGS = 32;

/** All live rooms. Follows `access.onChange` by itself; the caller ends it with `drain`. */
export function createRooms(options: RoomsOptions): LiveRooms {
  return new LoadedRooms(options);
}

class LoadedRooms implements LiveRooms, House {
  readonly engine: Engine;
  readonly access: Access;
  readonly identify: Identify;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly turns = new Turns();
  readonly openings = new Gate(OPENINGS);
  readonly authenticateMs: number;
  readonly seats = new Seats({
    perActor: LIMITS.connectionsPerActor,
    perDocument: LIMITS.connectionsPerDocument,
  });
  readonly deliveries = new Deliveries({
    countedBytes: LIMITS.slowReaderBytes,
    perActorBytes: LIMITS.unreadStatesPerActorBytes,
    bytes: LIMITS.unreadStatesBytes,
  });
  readonly #store: DocumentStore;
  readonly #options: RoomsOptions;
  readonly #maker: CheckpointMaker;
  readonly #openingStates: OpeningStates;
  readonly #open = new Map<string, OpenRoom>();
  readonly #connections = new Set<SyncConnection>();
  readonly #textListeners = new Set<(documentId: string) => void>();
  readonly #endings: (() => void)[] = [];
  readonly #renewals = new Renewals();
  #isDraining = false;

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#maker = new CheckpointMaker({ store: options.store, clock: options.clock });
    this.#openingStates = new OpeningStates(options.store, this.openings);
    this.access = options.access;
    this.identify = options.identify;
    this.clock = options.clock;
    this.log = options.log;
    this.metrics = options.metrics;
    this.authenticateMs = options.authenticateMs ?? LIMITS.authenticateMs;
    this.engine = new Engine({
      lingerMs: options.lingerMs ?? LINGER_MS,
      isBusy: documentId => this.#isBusy(documentId),
      onIdle: documentId => void this.#unload(documentId),
      onHookError: (hook, error) => this.log.error({ event: "hook.failed", hook, error }),
      hooks: {
        onLoadDocument: ({ document }) => this.#load(document as HocuspocusDocument),
        afterUnloadDocument: ({ documentName }) => this.#unloaded(documentName),
      },
    });
    this.#endings.push(
      options.access.onChange(change => this.recheck(change)),
      options.store.updates.onState(() => this.#tellStoreState()),
    );
  }

  connect(socket: ClientSocket, request: SocketRequest): SocketListener {
    const connection = new SyncConnection(socket, request, this);
    this.#connections.add(connection);
    this.metrics.connections.inc();
    if (this.#isDraining) connection.close("SHUTTING_DOWN");
    return connection;
  }

  async metaOf(documentId: string): Promise<DocumentMeta> {
    const open = this.#open.get(documentId);
    if (open) return open.room.meta;
    const meta = await this.#reading(() => this.#store.meta(documentId));
    if (meta === undefined) throw new AppError("NOT_FOUND");
    return meta;
  }

  enter(connection: SyncConnection): Promise<OpenRoom> {
    return this.#hold(connection.documentId);
  }

  leave(connection: SyncConnection, open: OpenRoom | undefined): void {
    if (this.#connections.delete(connection)) this.metrics.connections.dec();
    if (open === undefined) return;
    open.left(connection);
    this.engine.release(connection.documentId);
  }

  async raiseSchema(open: OpenRoom, schemaVersion: number): Promise<void> {
    const { room } = open;
    const version = Math.min(schemaVersion, SCHEMA_VERSION);
    if (room.meta.kind === "raw" || version <= room.meta.schemaVersion) return;
    await this.#store.setMeta(room.documentId, { schemaVersion: version });
    room.meta = { ...room.meta, schemaVersion: Math.max(version, room.meta.schemaVersion) };
    for (const member of [...open.members]) {
      if (member.schema !== undefined && member.schema < version) member.close("CLIENT_TOO_OLD");
    }
  }

  async readState(documentId: string): Promise<{ update: Uint8Array; seq: number }> {
    const open = this.#open.get(documentId);
    if (open) return { update: encodeStateAsUpdate(open.room.document), seq: open.room.appliedSeq };
    const document = new Doc();
    try {
      const { seq } = await loadDocument(this.#store, documentId, document);
      return { update: encodeStateAsUpdate(document), seq };
    } finally {
      document.destroy();
    }
  }

  readOpening<T>(
    documentId: string,
    handshake: Handshake,
    use: (opening: OpeningState) => Promise<T>,
  ): Promise<T> {
    return this.#openingStates.read(documentId, this.#open.get(documentId), handshake, use);
  }

  async readBeginning(documentId: string): Promise<Beginning> {
    const open = this.#open.get(documentId);
    if (open) return beginningOf(open.room.document);
    const document = new Doc();
    try {
      await loadDocument(this.#store, documentId, document);
      return beginningOf(document);
    } finally {
      document.destroy();
    }
  }

  async write(documentId: string, actor: string, change: (document: Doc) => void): Promise<void> {
    const open = await this.#hold(documentId);
    try {
      await open.write(actor, change);
    } finally {
      this.engine.release(documentId);
    }
  }

  async recheck(change: AccessChange): Promise<void> {
    const { documentId } = change;
    const concerned = [...this.#connections].filter(
      connection => documentId === undefined || connection.documentId === documentId,
    );
    for (let at = 0; at < concerned.length; at += RECHECKS_PER_TURN) {
      // Each reads the catalog and may end a connection: in a full room all at once would hold up who types elsewhere.
      if (at > 0) await nextTurn();
      await Promise.all(concerned.slice(at, at + RECHECKS_PER_TURN).map(one => one.recheck(change)));
    }
  }

  async close(documentId: string, code: ErrorCode): Promise<void> {
    for (const connection of [...this.#connections]) {
      if (connection.documentId === documentId) connection.close(code);
    }
    await this.#unload(documentId);
  }

  transferOwner(documentId: string, from: string, to: string): void {
    this.#open.get(documentId)?.room.transferOwner(from, to);
  }

  announce(documentId: string, message: ServerMessage): void {
    this.#open.get(documentId)?.announce(message);
  }

  onText(listener: (documentId: string) => void): () => void {
    this.#textListeners.add(listener);
    return () => this.#textListeners.delete(listener);
  }

  async drain(deadlineMs: number): Promise<void> {
    const startedAt = this.clock.monotonic();
    this.#isDraining = true;
    for (const connection of [...this.#connections]) connection.close("SHUTTING_DOWN");
    for (const end of this.#endings.splice(0)) end();
    const isClean = await before(deadlineMs, this.#finish(deadlineMs), false);
    for (const open of this.#open.values()) open.stop();
    this.engine.stop();
    await this.#maker.close();
    const durationMs = Math.round(this.clock.monotonic() - startedAt);
    this.log.info({ event: "rooms.drained", isClean, durationMs });
    if (!isClean) throw new AppError("APPEND_FAILED", "Something was not on disk when the time was over.");
  }

  /** Appends first: they are what was promised. Checkpoints only make the next start quicker: as many as there is time for. */
  async #finish(deadlineMs: number): Promise<boolean> {
    const checkpointsUntil = this.clock.monotonic() + deadlineMs * CHECKPOINT_SHARE;
    try {
      await this.#store.updates.drain(deadlineMs);
    } catch (error) {
      this.log.error({ event: "drain.failed", error });
      return false;
    }
    for (const open of this.#open.values()) open.flushText();
    const written = Promise.all([...this.#open.values()].map(open => open.checkpoints.rest()));
    const leftMs = Math.max(0, checkpointsUntil - this.clock.monotonic());
    return before(
      leftMs,
      written.then(all => all.every(Boolean)),
      true,
    );
  }

  async #hold(documentId: string): Promise<OpenRoom> {
    if (this.#isDraining) throw new AppError("SHUTTING_DOWN");
    if (!this.#open.has(documentId) && this.#isFull()) await this.#makeRoom();
    forgetLoading(await this.engine.hold(documentId));
    const open = this.#open.get(documentId);
    if (open !== undefined && !open.room.isBroken) return open;
    this.engine.release(documentId);
    throw new AppError("LOAD_FAILED");
  }

  #isFull(): boolean {
    const { maxRooms = LIMITS.rooms, heapShare = usedHeapShare } = this.#options;
    return this.#open.size >= maxRooms || heapShare() >= LIMITS.heapShare;
  }

  /** Unloads rooms that nobody is in, those longest left first. @throws TOO_MANY_CONNECTIONS where that does not help */
  async #makeRoom(): Promise<void> {
    const idle = this.engine.idle.slice(0, UNLOADED_AT_ONCE);
    await Promise.all(idle.map(documentId => this.#unload(documentId)));
    if (this.#isFull()) throw new AppError("TOO_MANY_CONNECTIONS", "Too many documents are open.");
  }

  async #load(document: HocuspocusDocument): Promise<void> {
    const startedAt = this.clock.monotonic();
    const documentId = document.name;
    takeOverBroadcast(document);
    takeOverAwareness(document);
    let loaded: Awaited<ReturnType<typeof loadDocument>>;
    try {
      const giveWay = () => this.#openingStates.giveWay(documentId);
      loaded = await loadDocument(this.#store, documentId, document, giveWay);
    } catch (error) {
      // Hocuspocus forgets a document that failed to load without ending it and its timer (hocuspocus#1156).
      document.destroy();
      throw error;
    }
    if (hasPending(document)) this.log.error({ event: "room.incomplete", documentId });
    const { store, clock, log } = this.#options;
    const room = new Room(document, loaded, {
      log: store.updates,
      names: knownNames,
      events: {
        applied: (_, updates) => this.#applied(open, updates),
        broken: (_, code, error) => this.#broken(open, code, error),
      },
    });
    const open = new OpenRoom(room, {
      presence: new Presence({ clock, renewals: this.#renewals, owners: room }),
      checkpoints: new Checkpoints(room, loaded, { maker: this.#maker, clock, log }),
      clock,
      onText: () => this.#tellText(documentId),
      onError: error => room.fail(error),
    });
    this.#open.set(documentId, open);
    this.metrics.rooms.set(this.#open.size);
    const durationMs = Math.round(this.clock.monotonic() - startedAt);
    const { checkpoint, tail } = loaded;
    this.log.info({
      event: "room.loaded",
      documentId,
      updates: tail.updates,
      checkpointBytes: checkpoint.bytes,
      durationMs,
    });
  }

  #applied(open: OpenRoom, updates: readonly AppliedUpdate[]): void {
    this.metrics.updates.inc(updates.length);
    open.applied(updates);
  }

  #broken(open: OpenRoom, code: ErrorCode, error: unknown): void {
    const { documentId } = open.room;
    if (code === "INTERNAL") this.log.fatal({ event: "room.broken", documentId, error });
    else this.log.warn({ event: "room.ended", documentId, code });
    open.closeAll(code);
    void this.#unload(documentId);
  }

  #isBusy(documentId: string): boolean {
    return (
      (this.#open.get(documentId)?.room.isBusy ?? false) || this.#store.updates.hasUncommitted(documentId)
    );
  }

  async #unload(documentId: string): Promise<void> {
    const open = this.#open.get(documentId);
    if (open === undefined) return;
    open.flushText();
    await open.checkpoints.rest();
    await this.engine.unloadIfIdle(documentId);
  }

  /** Runs in the turn in which Hocuspocus forgot the document, before anybody can load it again. */
  #unloaded(documentId: string): void {
    this.#open.get(documentId)?.stop();
    this.#open.delete(documentId);
    this.#store.updates.release(documentId);
    this.metrics.rooms.set(this.#open.size);
    this.log.debug({ event: "room.unloaded", documentId });
  }

  storeMessage(): ServerMessage & { type: "storage" } {
    const { writable } = this.#store.updates.state;
    return writable ? { type: "storage", writable } : { type: "storage", writable, code: "APPEND_FAILED" };
  }

  #tellStoreState(): void {
    for (const open of this.#open.values()) open.announce(this.storeMessage());
  }

  #tellText(documentId: string): void {
    for (const listener of this.#textListeners) listener(documentId);
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError("LOAD_FAILED", undefined, { cause });
    }
  }
}

/** What the promise gives, or `late` when it takes longer. */
async function before<T>(ms: number, promise: Promise<T>, late: T): Promise<T> {
  const { promise: deadline, resolve } = Promise.withResolvers<T>();
  const timer = setTimeout(() => resolve(late), ms);
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function usedHeapShare(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return used_heap_size / heap_size_limit;
}
