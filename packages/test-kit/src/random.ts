/**
 * A random source that can be repeated. sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, so that two
 * runs of a million draws do not meet, which the usual 32-bit generators cannot promise.
 */
export interface Random {
  /** What `SEED=` needs to repeat the run. */
  readonly seed: number;
  /** Whole number in [0, 2³²). */
  uint32(): number;
  /** Number in [0, 1). */
  float(): number;
  /** Whole number in [from, to], both included. */
  int(from: number, to: number): number;
  /** True with this probability. */
  bool(probability?: number): boolean;
  /** One of the items; throws a RangeError when there are none. */
  pick<T>(items: readonly T[]): T;
  /** One of the values, each as likely as its weight says. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T;
  /** A new array in another order. */
  shuffle<T>(items: readonly T[]): T[];
  bytes(length: number): Uint8Array;
  /** Text of `length` graphemes: Latin, surrogate pairs, combining marks, right-to-left, CJK, joined emoji. */
  text(length: number): string;
  /** A source of its own, so that draws of one part do not move those of another. */
  fork(name: string): Random;
}

/** A random source from `seed`; the same seed gives the same draws for ever. */
export function createRandom(seed: number = seedOfRun()): Random {
  return new Sfc32(seed);
}

/** The seed of this run: `SEED` from the environment, or a fresh one. Print it where a test fails. */
export function seedOfRun(): number {
  const given = process.env.SEED;
  if (given === undefined || given === "") return crypto.getRandomValues(new Uint32Array(1))[0]!;
  const seed = Number(given);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new RangeError(`SEED must be a whole number from 0 to 4294967295, not "${given}"`);
  }
  return seed;
}

/** What a failing test prints: how to run exactly this again. */
export function seedMessage(random: Random): string {
  return `seed ${random.seed}: repeat with SEED=${random.seed}`;
}

/** Each entry is one grapheme; what breaks editors is what is not one UTF-16 unit. */
const GRAPHEMES = {
  latin: [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?-'\"()&<>"],
  space: [" "],
  surrogatePairs: ["😀", "🚀", "𝒳", "𠮷", "🇩🇪", "👍🏽"],
  combining: ["e\u0301", "n\u0303", "a\u0308\u0304", "ก\u0e34", "क\u093f"],
  rightToLeft: ["א", "ש", "ع", "ر", "ب", "ي"],
  cjk: ["日", "本", "語", "한", "글", "中"],
  joined: ["👩‍👩‍👧", "🏳️‍🌈", "❤️"],
} as const;

const ALPHABETS: readonly (readonly [number, readonly string[]])[] = [
  [60, GRAPHEMES.latin],
  [15, GRAPHEMES.space],
  [8, GRAPHEMES.surrogatePairs],
  [6, GRAPHEMES.combining],
  [5, GRAPHEMES.rightToLeft],
  [4, GRAPHEMES.cjk],
  [2, GRAPHEMES.joined],
];

class Sfc32 implements Random {
  readonly seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#a = spread(this.seed ^ 0x9e3779b9);
    this.#b = spread(this.#a ^ 0x243f6a88);
    this.#c = spread(this.#b ^ 0xb7e15162);
    for (let i = 0; i < 15; i++) this.uint32();
  }

  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  float(): number {
    return this.uint32() / 2 ** 32;
  }

  int(from: number, to: number): number {
    if (to < from) throw new RangeError(`No whole number from ${from} to ${to}`);
    return from + Math.floor(this.float() * (to - from + 1));
  }

  bool(probability = 0.5): boolean {
    return this.float() < probability;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("Nothing to pick from");
    return items[this.int(0, items.length - 1)] as T;
  }

  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let rest = this.float() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of choices) {
      rest -= weight;
      if (rest < 0) return value;
    }
    throw new RangeError("Weights must be positive");
  }

  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.int(0, i);
      [result[i], result[j]] = [result[j] as T, result[i] as T];
    }
    return result;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.uint32() & 0xff);
  }

  text(length: number): string {
    let text = "";
    for (let i = 0; i < length; i++) text += this.pick(this.weighted(ALPHABETS));
    return text;
  }

  fork(name: string): Random {
    let hash = this.seed;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return new Sfc32(spread(hash));
  }
}

/** Spreads neighbouring seeds far apart (the finaliser of MurmurHash3). */
function spread(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
