import { AppError } from "@octavo/schema";
import { encodeStateAsUpdateV2, encodeStateVector } from "yjs";
import type { Clock } from "../clock.ts";
import { Gate } from "../documents/gate.ts";
import { createProcessLane, moduleBeside, type ProcessLane } from "../documents/process-lane.ts";
import type { DocumentStore } from "../storage/document-store.ts";
import type { CheckpointJob, CheckpointResult } from "./checkpoint-process.ts";
import { proveState, UpdateList } from "./checkpoint-state.ts";
import type { Room } from "./room.ts";
import { structCount } from "./upstream-yjs.ts";

export interface CheckpointMakerOptions {
  store: DocumentStore;
  clock: Clock;
  /** Structs up to which a document's state is made beside the rooms. */
  smallStructs?: number;
  /** Heap of the process for large documents. */
  heapMib?: number;
  deadlineMs?: number;
}

/** What was written. */
export interface WrittenCheckpoint {
  seq: number;
  /** Of the state, not compressed. */
  bytes: number;
}

/**
 * Encoding takes about 0.3 µs a struct, loading to prove it 2.5 µs: 2,000 make 6 ms in two pieces, so that storing
 * stays far below the 20 ms that nobody notices (`bench/checkpoints.ts`).
 */
const SMALL_STRUCTS = 2_000;
/** Long strings make a document large too. */
const SMALL_BYTES = 512 * 1024;
/** Small documents that wait for the disk at one time; their computing is one at a time. */
const SMALL_AT_ONCE = 8;
/** The largest document takes a few seconds on a slow machine. */
const DEADLINE_MS = 60_000;
/** A document of the largest size in its smallest pieces, twice: 32 MiB are 3,000,000 structs of 250 bytes. */
const HEAP_MIB = 2_048;

/**
 * Makes and writes checkpoints of all rooms. Small ones are made here, one piece of work in a turn of the event loop;
 * large ones in a process of its own, from what is stored, so that typing never waits for them. A process and not a
 * thread: V8 ends the whole server when a thread's heap is full (docs/decisions/0007).
 */
export class CheckpointMaker {
  readonly #options: CheckpointMakerOptions;
  readonly #lane: ProcessLane<CheckpointJob>;
  readonly #small = new Gate(SMALL_AT_ONCE);
  /** One at a time, counted before anything of it is read into memory. */
  readonly #large = new Gate(1);
  #turn: Promise<void> = Promise.resolve();

  constructor(options: CheckpointMakerOptions) {
    this.#options = options;
    this.#lane = createProcessLane<CheckpointJob>({
      file: moduleBeside(import.meta.url, "checkpoint-process"),
      code: "INTERNAL",
      what: "The checkpoint",
      deadlineMs: options.deadlineMs ?? DEADLINE_MS,
      heapMib: options.heapMib ?? HEAP_MIB,
    });
  }

  /** `onTaken` is called when it is decided up to which seq. @throws when it could not be made or written; nothing is lost then */
  write(room: Room, onTaken: () => void): Promise<WrittenCheckpoint> {
    const isSmall =
      room.bytes <= SMALL_BYTES &&
      structCount(room.document) <= (this.#options.smallStructs ?? SMALL_STRUCTS);
    return isSmall
      ? this.#small.run(() => this.#writeSmall(room, onTaken))
      : this.#large.run(() => this.#writeLarge(room, onTaken));
  }

  /** Ends the process; what it is at fails. */
  async close(): Promise<void> {
    await this.#lane.close();
  }

  async #writeSmall(room: Room, onTaken: () => void): Promise<WrittenCheckpoint> {
    const { store, clock } = this.#options;
    await this.#nextTurn();
    const seq = room.appliedSeq;
    const clocks = encodeStateVector(room.document);
    const state = encodeStateAsUpdateV2(room.document);
    onTaken();
    await this.#nextTurn();
    proveState(state, clocks);
    await store.checkpoints.write(room.documentId, { seq, state, at: clock.now() });
    return { seq, bytes: state.length };
  }

  async #writeLarge(room: Room, onTaken: () => void): Promise<WrittenCheckpoint> {
    const { store, clock } = this.#options;
    const { documentId, appliedSeq: seq } = room;
    const clocks = encodeStateVector(room.document);
    onTaken();
    const base = await store.checkpoints.newestCompressed(documentId);
    const updates = await this.#updatesBetween(documentId, base?.seq ?? 0, seq);
    const made = await this.#lane.run({ base: base?.compressed, updates, clocks });
    const { compressed, bytes } = made as CheckpointResult;
    await store.checkpoints.write(documentId, { seq, compressed, at: clock.now() });
    return { seq, bytes };
  }

  async #updatesBetween(documentId: string, afterSeq: number, upToSeq: number): Promise<Uint8Array> {
    const list = new UpdateList();
    let seq = afterSeq;
    for await (const record of this.#options.store.updates.read(documentId, afterSeq)) {
      if (seq === upToSeq) break;
      seq++;
      if (record.seq !== seq) throw new AppError("DOCUMENT_DAMAGED", `The log misses record ${seq}.`);
      list.add(record.update);
    }
    if (seq !== upToSeq) throw new AppError("DOCUMENT_DAMAGED", `The log ends at ${seq}.`);
    return list.encode();
  }

  /** A turn of the event loop that no other piece of this work takes. */
  #nextTurn(): Promise<void> {
    this.#turn = this.#turn.then(() => new Promise<void>(resolve => setImmediate(resolve)));
    return this.#turn;
  }
}
