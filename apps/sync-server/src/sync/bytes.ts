/** A byte string that is not what it should be; never leaves the reader that throws it. */
export class Malformed extends Error {}

/** What lib0 refuses Yjs refuses: the same decoder options as lib0 `string.js`. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads lib0's encodings with every length checked against what is left. Throws `Malformed` only. */
export class Bytes {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes read so far. */
  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Malformed("the bytes end early");
    this.#at++;
    return byte;
  }

  /** lib0's varUint: at most 2^53 - 1. */
  uint(): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (value > Number.MAX_SAFE_INTEGER) throw new Malformed("a number over 53 bits");
      if (byte < 0x80) return value;
      unit *= 128;
    }
  }

  /** lib0's varInt: continuation, sign and six bits, then seven bits a byte. */
  int(): number {
    const first = this.byte();
    let value = first & 0x3f;
    let unit = 64;
    for (let byte = first; byte >= 0x80; unit *= 128) {
      byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (value > Number.MAX_SAFE_INTEGER) throw new Malformed("a number over 53 bits");
    }
    return first & 0x40 ? -value : value;
  }

  /** A number of things of at least `eachBytes`: more than fit in what is left is a lie. */
  count(eachBytes: number): number {
    const count = this.uint();
    if (count * eachBytes > this.left) throw new Malformed("a count over what is there");
    return count;
  }

  skip(bytes: number): void {
    if (bytes > this.left) throw new Malformed("the bytes end early");
    this.#at += bytes;
  }

  take(bytes: number): Uint8Array {
    const from = this.#at;
    this.skip(bytes);
    return this.#bytes.subarray(from, this.#at);
  }

  view(bytes: number): DataView {
    const taken = this.take(bytes);
    return new DataView(taken.buffer, taken.byteOffset, bytes);
  }

  /** Whether these are the next bytes; they are read then. */
  skipIfNext(bytes: Uint8Array): boolean {
    if (bytes.length > this.left) return false;
    for (let i = 0; i < bytes.length; i++) if (this.#bytes[this.#at + i] !== bytes[i]) return false;
    this.#at += bytes.length;
    return true;
  }

  /** What was read so far. */
  get read(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** A length-prefixed byte string, as a view. */
  block(): Uint8Array {
    return this.take(this.count(1));
  }

  string(maxBytes: number): string {
    const bytes = this.count(1);
    if (bytes > maxBytes) throw new Malformed("a string over the limit");
    try {
      return UTF8.decode(this.take(bytes));
    } catch {
      throw new Malformed("a string that is not UTF-8");
    }
  }

  /** Length of a string in UTF-16 units, which is how Yjs counts; text of plain ASCII is not decoded. */
  stringLength(maxBytes: number): number {
    const from = this.#at;
    const bytes = this.count(1);
    if (bytes <= maxBytes && isAscii(this.#bytes, this.#at, this.#at + bytes)) {
      this.#at += bytes;
      return bytes;
    }
    this.#at = from;
    return this.string(maxBytes).length;
  }
}

/** Longest text worth looking at byte by byte; a decoder is faster for longer ones. */
const SHORT_TEXT_BYTES = 512;

function isAscii(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > SHORT_TEXT_BYTES) return false;
  for (let i = from; i < to; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}
