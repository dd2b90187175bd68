import { AppError, type ErrorCode } from "@octavo/schema";
import { getState } from "yjs";
import type { DocumentMeta } from "../storage/document-store.ts";
import type { UpdateLog } from "../storage/update-log.ts";
import { type AdmissionView, structAt } from "./admit.ts";
import type { AppliedUpdate, Recipient } from "./broadcast.ts";
import type { KnownNames, Sketch, Struct, StructId } from "./guard.ts";
import { LazyMap, LazySet } from "./lazy.ts";
import type { Loaded } from "./load.ts";
import { applyToRoom, type HocuspocusDocument } from "./upstream.ts";

/** An admitted update on its way: in the log, then on disk, then in the document. */
interface Waiting extends AppliedUpdate {
  seq: number;
  isCommitted: boolean;
  onApplied: (() => void)[];
  onBroken: ((error: unknown) => void) | undefined;
}

/** What a room tells those who keep it. */
export interface RoomEvents {
  /** After updates were applied, in the order of the log. */
  applied(room: Room, updates: readonly AppliedUpdate[]): void;
  /** A committed update could not be applied, or its commit was refused: the room is of no use any more. */
  broken(room: Room, code: ErrorCode, error: unknown): void;
}

/** What one turn of the event loop applies: about 5 ms, so that a flood in one document delays no other. */
const TURN_UPDATES = 256;
const TURN_BYTES = 512 * 1024;

/** The live copy of a document: the only place that appends to its log, and applies in the log's order. */
export class Room implements AdmissionView {
  readonly documentId: string;
  readonly document: HocuspocusDocument;
  readonly names: KnownNames | undefined;
  meta: DocumentMeta;
  /** Highest seq whose update, and that of every seq below, is in the document. */
  appliedSeq: number;
  /** At most what the state takes: the newest checkpoint and the log after it. */
  bytes: number;
  /** Those that hold updates until something else is admitted. */
  readonly holding = new LazySet<{ retryHeld(): void }>();
  /** Those that keep a copy in step with what is admitted. */
  readonly followers = new LazySet<{ admitted(update: Uint8Array): void }>();
  readonly #owners: Map<number, string>;
  readonly #log: UpdateLog;
  readonly #events: RoomEvents;
  readonly #waiting: Waiting[] = [];
  /** Structs of what waits by client, those of one update together. */
  readonly #structsWaiting = new Map<number, Struct[][]>();
  /** Clocks admitted beyond the applied state; empty while nothing waits. */
  readonly #ahead = new LazyMap<number, number>();
  /** Yjs client ids of the server's own writes, by the actor they are made for; fresh with each load. */
  readonly #serverClients = new LazyMap<string, number>();
  #isBroken = false;
  #isApplyScheduled = false;

  constructor(
    document: HocuspocusDocument,
    loaded: Loaded,
    surroundings: { log: UpdateLog; names: KnownNames | undefined; events: RoomEvents },
  ) {
    this.documentId = document.name;
    this.document = document;
    this.meta = loaded.meta;
    this.names = loaded.meta.kind === "raw" ? undefined : surroundings.names;
    this.appliedSeq = loaded.seq;
    this.bytes = loaded.checkpoint.bytes + loaded.tail.bytes;
    this.#owners = loaded.owners;
    this.#log = surroundings.log;
    this.#events = surroundings.events;
  }

  /** True while an append or an apply is outstanding. */
  get isBusy(): boolean {
    return this.#waiting.length > 0;
  }

  /** True once a committed update could not be applied. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  clockOf(client: number): number {
    return this.#ahead.get(client) ?? getState(this.document.store, client);
  }

  ownerOf(client: number): string | undefined {
    // Nobody else writes with an id that the server writes with now, also not the person it writes for.
    for (const own of this.#serverClients.values()) if (own === client) return "server";
    return this.#owners.get(client);
  }

  waitingStruct(id: StructId): Struct | undefined {
    const updates = this.#structsWaiting.get(id.client);
    if (updates === undefined) return undefined;
    // In order of their clocks: the last that begins at or before it.
    let low = 0;
    let high = updates.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (updates[middle]![0]!.clock <= id.clock) low = middle;
      else high = middle - 1;
    }
    return structAt(updates[low], id.clock);
  }

  /**
   * Appends what was judged admissible; `onApplied` is called once it is on disk and in the document, `onBroken`
   * when the room broke before.
   * @throws APPEND_FAILED, GONE, SHUTTING_DOWN from the log; nothing is admitted then
   */
  append(
    write: { update: Uint8Array; sketch: Sketch; claims: readonly number[]; actor: string },
    origin: Recipient | undefined,
    onApplied: () => void,
    onBroken?: (error: unknown) => void,
  ): void {
    const { update, sketch, claims, actor } = write;
    if (this.#isBroken) throw new AppError("LOAD_FAILED");
    const { seq, committed } = this.#log.append(this.documentId, { update, actor, claims });
    for (const client of claims) this.#owners.set(client, actor);
    for (const { client, structs } of sketch.clients) {
      const last = structs.at(-1)!;
      this.#ahead.set(client, Math.max(this.clockOf(client), last.clock + last.length));
      const updates = this.#structsWaiting.get(client);
      if (updates) updates.push(structs);
      else this.#structsWaiting.set(client, [structs]);
    }
    this.bytes += update.length;
    const waiting: Waiting = {
      seq,
      update,
      sketch,
      origin,
      isCommitted: false,
      onApplied: [onApplied],
      onBroken,
    };
    this.#waiting.push(waiting);
    committed.then(
      () => {
        waiting.isCommitted = true;
        this.#applySoon();
      },
      error => this.fail(error),
    );
    for (const one of this.holding) one.retryHeld();
    for (const one of this.followers) one.admitted(update);
  }

  /** Calls back once everything admitted so far is on disk and in the document: at once when it is. */
  whenApplied(callback: () => void): void {
    const last = this.#waiting.at(-1);
    if (last) last.onApplied.push(callback);
    else callback();
  }

  /** What is admitted and not in the document yet, in order. */
  admittedUpdates(): Uint8Array[] {
    return this.#waiting.map(({ update }) => update);
  }

  /** The Yjs client id that the server writes with for this actor, as long as the room is loaded. */
  serverClientFor(actor: string, fresh: () => number): number {
    const known = this.#serverClients.get(actor);
    if (known !== undefined) return known;
    let client = fresh();
    while (this.#owners.has(client) || this.clockOf(client) > 0) client = fresh();
    this.#serverClients.set(actor, client);
    return client;
  }

  /** A guest who signed in keeps what the guest wrote. */
  transferOwner(from: string, to: string): void {
    for (const [client, owner] of this.#owners) if (owner === from) this.#owners.set(client, to);
  }

  #forgetStructs({ clients }: Sketch): void {
    for (const { client } of clients) {
      const updates = this.#structsWaiting.get(client);
      if (updates === undefined) continue;
      updates.shift();
      if (updates.length === 0) this.#structsWaiting.delete(client);
    }
  }

  /** Once for all of a commit: its promises are kept one after the other, in one turn. */
  #applySoon(): void {
    if (this.#isApplyScheduled) return;
    this.#isApplyScheduled = true;
    queueMicrotask(() => this.#applyCommitted());
  }

  #applyCommitted(): void {
    this.#isApplyScheduled = false;
    const batch = this.#takeCommitted();
    if (batch.length === 0) return;
    try {
      applyToRoom(
        this.document,
        batch.map(({ update }) => update),
      );
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#waiting.splice(0, batch.length);
    for (const { sketch } of batch) this.#forgetStructs(sketch);
    this.appliedSeq = batch.at(-1)!.seq;
    if (this.#waiting.length === 0) this.#ahead.clear();
    for (const { onApplied } of batch) for (const callback of onApplied) callback();
    this.#events.applied(this, batch);
    if (!this.#waiting[0]?.isCommitted || this.#isApplyScheduled) return;
    this.#isApplyScheduled = true;
    setImmediate(() => this.#applyCommitted());
  }

  /** As many committed updates as one turn of the event loop may spend on a room. */
  #takeCommitted(): Waiting[] {
    const batch: Waiting[] = [];
    let bytes = 0;
    for (const waiting of this.#waiting) {
      if (!waiting.isCommitted || batch.length === TURN_UPDATES || bytes >= TURN_BYTES) break;
      const expected = this.appliedSeq + batch.length + 1;
      if (waiting.seq !== expected) throw new TypeError(`seq ${waiting.seq} instead of ${expected}`);
      batch.push(waiting);
      bytes += waiting.update.length;
    }
    return batch;
  }

  /** Ends the room. What is on disk is loaded again by the next visitor; what is not was never acknowledged. */
  fail(error: unknown): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    for (const { onBroken } of this.#waiting.splice(0)) onBroken?.(error);
    this.#events.broken(this, error instanceof AppError ? error.code : "INTERNAL", error);
  }
}
