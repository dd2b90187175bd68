/** What a checkpoint is made from and how it is proven; runs beside the rooms and in a process of its own. */
import { createDecoder, hasContent, readVarUint8Array } from "lib0/decoding";
import { createEncoder, type Encoder, toUint8Array, writeVarUint8Array } from "lib0/encoding";
import {
  applyUpdate,
  applyUpdateV2,
  Doc,
  decodeStateVector,
  encodeStateAsUpdateV2,
  encodeStateVector,
} from "yjs";
import { hasPending, keepFormatting } from "./upstream-yjs.ts";

/** Log records as one byte string: thousands of small ones are slow to hand to another process. */
export class UpdateList {
  readonly #encoder: Encoder = createEncoder();

  add(update: Uint8Array): void {
    writeVarUint8Array(this.#encoder, update);
  }

  encode(): Uint8Array {
    return toUint8Array(this.#encoder);
  }
}

/** The state (Yjs update, V2) after the log records, in one transaction: merging them would take quadratic time. */
export function stateAfter(base: Uint8Array | undefined, updates: Uint8Array): Uint8Array {
  const document = new Doc();
  keepFormatting(document);
  try {
    document.transact(() => {
      if (base) applyUpdateV2(document, base);
      const decoder = createDecoder(updates);
      while (hasContent(decoder)) applyUpdate(document, readVarUint8Array(decoder));
    });
    return encodeStateAsUpdateV2(document);
  } finally {
    document.destroy();
  }
}

/**
 * Loads the state as the next opening of the document will, and compares: log records go once it is on disk.
 * @throws TypeError when it is not the document with these clocks (encoded state vector)
 */
export function proveState(state: Uint8Array, clocks: Uint8Array): void {
  const document = new Doc();
  keepFormatting(document);
  try {
    applyUpdateV2(document, state);
    if (hasPending(document)) throw new TypeError("a checkpoint that depends on something missing");
    if (!isSameVector(encodeStateVector(document), clocks))
      throw new TypeError("a checkpoint with other clocks than the document");
    if (Buffer.compare(encodeStateAsUpdateV2(document), state) !== 0)
      throw new TypeError("a checkpoint that is another document once it is loaded");
  } finally {
    document.destroy();
  }
}

function isSameVector(one: Uint8Array, other: Uint8Array): boolean {
  const [a, b] = [decodeStateVector(one), decodeStateVector(other)];
  return a.size === b.size && [...a].every(([client, clock]) => b.get(client) === clock);
}
