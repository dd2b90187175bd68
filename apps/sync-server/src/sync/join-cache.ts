import { type Doc, encodeStateAsUpdate, encodeStateVector } from "yjs";
import { LazyMap } from "./lazy.ts";
import { firstStepFrame, secondStepFrame } from "./upstream.ts";

/** What a client that shows this state vector is answered. */
export interface JoinAnswer {
  /** Sync step 2: everything that the client lacks. */
  readonly step2: Uint8Array;
  /** Sync step 1: asks the client for what the server lacks. */
  readonly step1: Uint8Array;
}

/** Vectors remembered besides the empty one: a herd that comes back has a few. */
const MAX_VECTORS = 8;
/** Of all answers together besides the one to the empty vector; a larger one is made for its asker alone. */
const MAX_BYTES = 2 * 1024 * 1024;
/** Nobody came for so long: the next answer is encoded again, and the memory is free meanwhile. */
const UNUSED_MS = 10_000;

/**
 * Answers to sync step 1, encoded once for each version of the document and each state vector. The same frame is the
 * same object for everybody, so that what is derived from it can be kept too.
 */
export class JoinCache {
  readonly #document: Doc;
  readonly #address: string;
  readonly #step2s = new LazyMap<string, Uint8Array>();
  #step1: Uint8Array | undefined;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `address` is the document's id: what every frame of those who have no session of their own begins with. */
  constructor(document: Doc, address: string) {
    this.#document = document;
    this.#address = address;
    // Not "update": while anybody listens to that, Yjs encodes every transaction.
    document.on("afterTransaction", () => this.drop());
  }

  /** The answer to a valid state vector, for whoever is spoken to under this address. */
  answer(address: string, vector: Uint8Array): JoinAnswer {
    if (address !== this.#address) {
      return {
        step2: secondStepFrame(address, this.#encode(vector)),
        step1: firstStepFrame(address, encodeStateVector(this.#document)),
      };
    }
    this.#step1 ??= firstStepFrame(address, encodeStateVector(this.#document));
    return { step2: this.#step2(vector), step1: this.#step1 };
  }

  /** Forgets what was encoded: the document changed, or goes. */
  drop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#step2s.clear();
    this.#step1 = undefined;
    this.#bytes = 0;
  }

  #step2(vector: Uint8Array): Uint8Array {
    const key = keyOf(vector);
    const known = this.#step2s.get(key);
    if (known !== undefined) {
      // Set anew, so that the map's order is the order of use.
      this.#step2s.delete(key);
      this.#step2s.set(key, known);
      return known;
    }
    const frame = secondStepFrame(this.#address, this.#encode(vector));
    this.#keep(key, frame);
    return frame;
  }

  #keep(key: string, frame: Uint8Array): void {
    this.#timer?.refresh();
    this.#timer ??= setTimeout(() => this.drop(), UNUSED_MS).unref();
    const bytes = costOf(key, frame);
    if (bytes > MAX_BYTES) return;
    this.#step2s.set(key, frame);
    this.#bytes += bytes;
    for (const [oldest, old] of this.#step2s) {
      if (this.#step2s.size <= MAX_VECTORS && this.#bytes <= MAX_BYTES) return;
      if (oldest === EMPTY) continue;
      this.#step2s.delete(oldest);
      this.#bytes -= costOf(oldest, old);
    }
  }

  #encode(vector: Uint8Array): Uint8Array {
    return encodeStateAsUpdate(this.#document, vector);
  }
}

/** Key of the vector of somebody who has nothing: one byte, a count of zero. */
const EMPTY = "\0";

/** Bytes as characters: a key that needs no hash. */
function keyOf(vector: Uint8Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("latin1");
}

/** The whole document is not counted: it is what the cache is for, and no larger than the document. */
function costOf(key: string, frame: Uint8Array): number {
  return key === EMPTY ? 0 : key.length + frame.length;
}
