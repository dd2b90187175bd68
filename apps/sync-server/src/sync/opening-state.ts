import { AppError } from "@octavo/schema";
import type { Handshake } from "@octavo/schema/protocol";
import { encodeStateAsUpdateV2 } from "yjs";
import type { Gate } from "../documents/gate.ts";
import type { OpeningState } from "../documents/rooms.ts";
import type { DocumentStore } from "../storage/document-store.ts";
import { checkHandshake } from "./entry.ts";
import type { OpenRoom } from "./open-room.ts";

/** A larger room is read from the store: encoding it would keep everybody else waiting. */
const ENCODED_BYTES = 64 * 1024;
/** What was read is good for so long, also when it was changed: the socket brings the difference. */
const FRESH_MS = 1000;
/** Of everything that is kept for that time. */
const FRESH_BYTES = 32 * 1024 * 1024;
/** Requests that wait for the store; sockets that open documents wait in the same line. */
const MAX_WAITING = 4_000;
/** Longest time that a room waits with its loading for those who are about to get its document without it. */
const GIVE_WAY_MS = 100;

/** Reads documents for those who open them, without loading rooms. Gives nothing away that is not on disk. */
export class OpeningStates {
  readonly #store: DocumentStore;
  readonly #gate: Gate;
  /** Read within the last second, or being read. */
  readonly #fresh = new Map<string, Promise<OpeningState>>();
  #freshBytes = 0;
  /** Answers that are being made of a document. */
  readonly #answers = new Map<string, Set<Promise<unknown>>>();

  constructor(store: DocumentStore, gate: Gate) {
    this.#store = store;
    this.#gate = gate;
  }

  /** See `Rooms.readOpening`. */
  read<T>(
    documentId: string,
    open: OpenRoom | undefined,
    handshake: Handshake,
    use: (opening: OpeningState) => Promise<T>,
  ): Promise<T> {
    const answer = this.#state(documentId, open).then(state => {
      checkHandshake(handshake, state.meta);
      return use(state);
    });
    const answers = this.#answers.get(documentId) ?? new Set();
    this.#answers.set(documentId, answers.add(answer));
    return answer.finally(() => {
      answers.delete(answer);
      if (answers.size === 0) this.#answers.delete(documentId);
    });
  }

  /**
   * Resolves when the answers that are being made of a document are made, or soon. Loading a large document takes the
   * event loop for longer than sending it, and whoever waits for the answer has asked for the room too.
   */
  async giveWay(documentId: string): Promise<void> {
    const answers = this.#answers.get(documentId);
    if (answers === undefined) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, GIVE_WAY_MS);
    await Promise.race([Promise.allSettled(answers), late]);
    clearTimeout(timer);
  }

  async #state(documentId: string, open: OpenRoom | undefined): Promise<OpeningState> {
    const known = this.#fresh.get(documentId);
    if (known) return known;
    if (this.#gate.waiting >= MAX_WAITING) {
      throw new AppError("TOO_MANY_REQUESTS", undefined, { details: { retryAfter: 5 } });
    }
    const isSmall = open !== undefined && !open.room.isBroken && open.room.bytes <= ENCODED_BYTES;
    const reading = isSmall ? stateOf(open) : this.#gate.run(() => this.#ofStore(documentId));
    this.#fresh.set(documentId, reading);
    try {
      this.#keep(documentId, bytesOf(await reading));
    } catch (error) {
      this.#fresh.delete(documentId);
      throw error;
    }
    return reading;
  }

  #keep(documentId: string, bytes: number): void {
    if (this.#freshBytes + bytes > FRESH_BYTES) {
      this.#fresh.delete(documentId);
      return;
    }
    this.#freshBytes += bytes;
    setTimeout(() => {
      this.#freshBytes -= bytes;
      this.#fresh.delete(documentId);
    }, FRESH_MS).unref();
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

async function stateOf({ room: { document, meta, appliedSeq } }: OpenRoom): Promise<OpeningState> {
  const checkpoint = { bytes: encodeStateAsUpdateV2(document), isCompressed: false };
  return { meta, seq: appliedSeq, checkpoint, updates: [] };
}

function bytesOf({ checkpoint, updates }: OpeningState): number {
  return updates.reduce((bytes, update) => bytes + update.length, checkpoint?.bytes.length ?? 0);
}
