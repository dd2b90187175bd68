import {
  createEncoder,
  type Encoder,
  length,
  toUint8Array,
  writeVarUint,
  writeVarUint8Array,
} from "lib0/encoding";
import { awarenessFrame } from "./upstream.ts";

/** What is said about one Yjs client: its state as JSON in UTF-8, `null` for one that left. */
export interface Word {
  readonly client: number;
  readonly clock: number;
  readonly state: Uint8Array;
}

interface Part {
  from: number;
  to: number;
  words: number;
}

/**
 * Words about several clients for everybody in a room, encoded once. Each listener's own are left out of what it
 * gets: they lie side by side, so that this costs two copies of bytes and nobody is encoded again.
 */
export class Announcement<Listener extends { readonly address: string }> {
  readonly #bytes: Uint8Array;
  readonly #words: number;
  readonly #own = new Map<Listener | undefined, Part>();
  /** The frame for who has said nothing; mostly all of these share the address. */
  #shared: { address: string; frame: Uint8Array } | undefined;

  /** By who said them; undefined for those of who left. */
  constructor(words: ReadonlyMap<Listener | undefined, readonly Word[]>) {
    const encoder = createEncoder();
    let count = 0;
    for (const [listener, own] of words) {
      const from = length(encoder);
      for (const word of own) writeWord(encoder, word);
      this.#own.set(listener, { from, to: length(encoder), words: own.length });
      count += own.length;
    }
    this.#bytes = toUint8Array(encoder);
    this.#words = count;
  }

  /** The frame for this listener; undefined when there is nothing that it has not said itself. */
  frameFor(listener: Listener): Uint8Array | undefined {
    const own = this.#own.get(listener);
    if (own === undefined) return this.#frameOfAll(listener.address);
    if (own.words === this.#words) return undefined;
    const others = [this.#bytes.subarray(0, own.from), this.#bytes.subarray(own.to)];
    return awarenessFrame(listener.address, this.#words - own.words, others);
  }

  #frameOfAll(address: string): Uint8Array {
    if (this.#shared?.address !== address) {
      this.#shared = { address, frame: awarenessFrame(address, this.#words, [this.#bytes]) };
    }
    return this.#shared.frame;
  }
}

/** All these words in one frame; undefined for none. */
export function frameOfWords(address: string, words: readonly Word[]): Uint8Array | undefined {
  if (words.length === 0) return undefined;
  const encoder = createEncoder();
  for (const word of words) writeWord(encoder, word);
  return awarenessFrame(address, words.length, [toUint8Array(encoder)]);
}

function writeWord(encoder: Encoder, { client, clock, state }: Word): void {
  writeVarUint(encoder, client);
  writeVarUint(encoder, clock);
  writeVarUint8Array(encoder, state);
}
