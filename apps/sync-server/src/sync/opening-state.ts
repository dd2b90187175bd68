import { AppError } from "@octavo/schema";
import type { Handshake } from "@octavo/schema/protocol";
import { encodeStateAsUpdateV2 } from "yjs";
import type { OpeningState } from "../documents/rooms.ts";
import type { DocumentStore } from "../storage/document-store.ts";
import { checkHandshake } from "./entry.ts";
import type { Gate } from "./gate.ts";
import type { OpenRoom } from "./open-room.ts";

/** A larger room is read from the store: encoding it would keep everybody else waiting. */
const ENCODED_BYTES = 1024 * 1024;
/** What was encoded is good for so long, also when it was changed: the socket brings the difference. */
const FRESH_MS = 1000;
/** Requests that wait for the store; sockets that open documents wait in the same line. */
const MAX_WAITING = 4_000;

/** Reads documents for those who open them, without loading rooms. Gives nothing away that is not on disk. */
export class OpeningStates {
  readonly #store: DocumentStore;
  readonly #gate: Gate;
  /** Of rooms that were encoded within the last second. */
  readonly #fresh = new Map<OpenRoom, OpeningState>();
  /** Those who ask for a document while it is read get the same. */
  readonly #reading = new Map<string, Promise<OpeningState>>();

  constructor(store: DocumentStore, gate: Gate) {
    this.#store = store;
    this.#gate = gate;
  }

  /** @throws NOT_FOUND, EPOCH_MISMATCH, CLIENT_TOO_OLD, LOAD_FAILED, DOCUMENT_DAMAGED, TOO_MANY_REQUESTS */
  async read(documentId: string, open: OpenRoom | undefined, handshake: Handshake): Promise<OpeningState> {
    const state = await this.#read(documentId, open);
    checkHandshake(handshake, state.meta);
    return state;
  }

  #read(documentId: string, open: OpenRoom | undefined): OpeningState | Promise<OpeningState> {
    if (open !== undefined && !open.room.isBroken && open.room.bytes <= ENCODED_BYTES)
      return this.#ofRoom(open);
    const known = this.#reading.get(documentId);
    if (known) return known;
    if (this.#gate.waiting >= MAX_WAITING) {
      throw new AppError("TOO_MANY_REQUESTS", undefined, { details: { retryAfter: 5 } });
    }
    const reading = this.#gate
      .run(() => this.#ofStore(documentId))
      .finally(() => this.#reading.delete(documentId));
    this.#reading.set(documentId, reading);
    return reading;
  }

  #ofRoom(open: OpenRoom): OpeningState {
    const known = this.#fresh.get(open);
    if (known) return known;
    const { document, meta, appliedSeq } = open.room;
    const state: OpeningState = {
      meta,
      seq: appliedSeq,
      checkpoint: { bytes: encodeStateAsUpdateV2(document), isCompressed: false },
      updates: [],
    };
    this.#fresh.set(open, state);
    setTimeout(() => this.#fresh.delete(open), FRESH_MS).unref();
    return state;
  }

  async #ofStore(documentId: string): Promise<OpeningState> {
    try {
      const meta = await this.#store.meta(documentId);
      if (meta === undefined) throw new AppError("NOT_FOUND");
      const stored = await this.#store.checkpoints.newestCompressed(documentId);
      const updates: Uint8Array[] = [];
      let seq = stored?.seq ?? 0;
      for await (const record of this.#store.updates.read(documentId, seq)) {
        updates.push(record.update);
        seq = record.seq;
      }
      const checkpoint = stored && { bytes: stored.compressed, isCompressed: true };
      return { meta, seq, checkpoint, updates };
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError("LOAD_FAILED", undefined, { cause });
    }
  }
}
