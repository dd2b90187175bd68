/** What a kept frame costs besides its bytes; a guess that errs on the side of too much. */
const FRAME_COST = 64;

/** Frames towards one client, numbered from 1. Those that left stay until the client has them, or until `trim`. */
export class Outbound {
  #frames: Uint8Array[] = [];
  /** Number of the first frame that is here. */
  #first = 1;
  /** Number of the next frame to leave. */
  #next = 1;
  #unsentBytes = 0;
  #unconfirmedBytes = 0;

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Of frames that left and that the client did not say it has. */
  get unconfirmedBytes(): number {
    return this.#unconfirmedBytes;
  }

  /** Of everything that is kept. */
  get bytes(): number {
    return this.#unsentBytes + this.#unconfirmedBytes;
  }

  get nextNumber(): number {
    return this.#next;
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#unsentBytes += frame.length;
  }

  /** The next frame to leave. */
  peek(): Uint8Array | undefined {
    return this.#frames[this.#next - this.#first];
  }

  /** The frame that `peek` showed has left. */
  advance(): void {
    const { length } = this.peek()!;
    this.#next++;
    this.#unsentBytes -= length;
    this.#unconfirmedBytes += length;
  }

  /** The client has everything up to this number; false where that cannot be. */
  confirm(number: number): boolean {
    if (number >= this.#next) return false;
    this.#dropUntil(number);
    return true;
  }

  /** Frames after this number, the last that the client has, are to leave again; false where they are not here. */
  rewind(number: number): boolean {
    if (number + 1 < this.#first || !this.confirm(number)) return false;
    this.#next = this.#first;
    this.#unsentBytes += this.#unconfirmedBytes;
    this.#unconfirmedBytes = 0;
    return true;
  }

  /** Forgets the oldest frames that left, until the others cost at most so many bytes. */
  trim(bytes: number): void {
    let cost = this.#unconfirmedBytes + (this.#next - this.#first) * FRAME_COST;
    let number = this.#first - 1;
    while (cost > bytes && number + 1 < this.#next) {
      cost -= this.#frames[number + 1 - this.#first]!.length + FRAME_COST;
      number++;
    }
    this.#dropUntil(number);
  }

  /** Forgets everything; nothing can be resumed afterwards. */
  clear(): void {
    this.#next = this.#first += this.#frames.length;
    this.#frames = [];
    this.#unsentBytes = this.#unconfirmedBytes = 0;
  }

  #dropUntil(number: number): void {
    const count = number + 1 - this.#first;
    if (count <= 0) return;
    for (const { length } of this.#frames.splice(0, count)) this.#unconfirmedBytes -= length;
    this.#first += count;
  }
}
