/**
 * Reads a Yjs update (V1) in one pass before anything else touches it. y-protocols swallows what Yjs throws while
 * applying, and some updates that Yjs accepts can never be loaded again (`01 01 22 00 00 00 00` is one), so
 * nothing reaches a log or a document that was not read here.
 *
 * The format: yjs `src/utils/encoding.js` (readClientsStructRefs), `src/structs/*`, `src/utils/DeleteSet.js`,
 * lib0 `decoding.js` (readAny).
 */
import { LIMITS } from "@octavo/schema";
import { Bytes, Malformed } from "./bytes.ts";

/** Names that the schema knows; anything else in an update is refused. */
export interface KnownNames {
  isRoot(name: string): boolean;
  isNode(name: string): boolean;
  /** `key` as it stands in the update, `value` null where the mark ends. */
  isMark(key: string, value: unknown): boolean;
  /** Whether an attribute of a node may hold this value. */
  isAttribute(node: string, key: string, value: unknown): boolean;
}

/** A struct's address: Yjs client id and clock. */
export interface StructId {
  client: number;
  clock: number;
}

export type Holding = "type" | "text" | "value" | "nothing";

/** What an update says of one struct, as far as admission needs it. */
export interface Struct {
  clock: number;
  length: number;
  /** A gap that the update's writer did not have either. */
  isSkip: boolean;
  origin: StructId | undefined;
  rightOrigin: StructId | undefined;
  /** Undefined when it is taken from an origin, or for a root type. */
  parent: StructId | undefined;
  /** The key of its parent that it stands under; undefined in a sequence, and where the place is taken from an origin. */
  key: string | undefined;
  /** Live content of more than one element, which Yjs may split. */
  isDivisible: boolean;
  /** What of it is live: a shared type (which may be a parent), text or its formatting, any other value, or nothing. */
  holds: Holding;
  /** Name of the element that it opens. */
  node: string | undefined;
  /** Its only value, in a list of one because undefined is a value too; undefined for every other content. */
  value: readonly [unknown] | undefined;
  /** Where it stands, once admission has found out: the next one asks it. */
  place: Place | undefined;
}

/** Where a struct stands in the document. */
export interface Place {
  /** Shared types around it. */
  depth: number;
  /** The key it stands under, as an attribute does; undefined in a sequence. */
  key: string | undefined;
  /** What is right around it: an element, as the body is one, or a text. Undefined where that is gone. */
  inside: PlaceKind | undefined;
  /** Name of the element right around it. */
  around: string | undefined;
  /** What it opens itself, and the element's name. */
  opens: PlaceKind | undefined;
  node: string | undefined;
}

export type PlaceKind = "element" | "text";

/** The structs of one Yjs client in an update, in order of their clocks and without gaps but for skips. */
export interface ClientStructs {
  client: number;
  structs: Struct[];
}

/** Clocks `clock` to `clock + length` of a client. */
export interface Deletion extends StructId {
  length: number;
}

/** An update as it was read. */
export interface Sketch {
  clients: ClientStructs[];
  deletions: Deletion[];
  /** Where the deletions begin in the update's bytes. */
  deletionsAt: number;
}

export type Reading = { ok: true; sketch: Sketch } | { ok: false; reason: string };

/** Structure of an update; `names` undefined for documents that any Yjs content may be in. */
export function readUpdate(update: Uint8Array, names: KnownNames | undefined): Reading {
  try {
    return { ok: true, sketch: new UpdateReader(update, names).read() };
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, reason: error.message };
    throw error;
  }
}

/** State vector of a sync step 1; undefined for a malformed one. Yjs would allocate by its count alone. */
export function isStateVector(bytes: Uint8Array): boolean {
  try {
    const input = new Bytes(bytes);
    for (let clients = input.count(2); clients > 0; clients--) {
      input.uint();
      input.uint();
    }
    return input.isAtEnd;
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}

/** Low five bits of a struct's info byte (yjs `contentRefs`). */
const REF = {
  gc: 0,
  deleted: 1,
  json: 2,
  binary: 3,
  string: 4,
  embed: 5,
  format: 6,
  type: 7,
  any: 8,
  skip: 10,
} as const;
const REF_BITS = 0b11111;
const HOLDING: readonly (Holding | undefined)[] = Object.assign([], {
  [REF.json]: "value",
  [REF.binary]: "value",
  [REF.string]: "text",
  [REF.embed]: "value",
  [REF.format]: "text",
  [REF.type]: "type",
  [REF.any]: "value",
});
const HAS_PARENT_SUB = 0b0010_0000;
const HAS_RIGHT_ORIGIN = 0b0100_0000;
const HAS_ORIGIN = 0b1000_0000;

/** Yjs `typeRefs`. */
const TYPE = { array: 0, map: 1, text: 2, xmlElement: 3, xmlFragment: 4, xmlHook: 5, xmlText: 6 } as const;
/** What y-tiptap builds a document from. */
const DOCUMENT_TYPES: ReadonlySet<number> = new Set([TYPE.xmlElement, TYPE.xmlText]);

class UpdateReader {
  readonly #input: Bytes;
  readonly #names: KnownNames | undefined;
  #structs = 0;
  /** Of the content read last. */
  #node: string | undefined;
  #value: readonly [unknown] | undefined;

  constructor(update: Uint8Array, names: KnownNames | undefined) {
    this.#input = new Bytes(update);
    this.#names = names;
  }

  read(): Sketch {
    const clients: ClientStructs[] = [];
    const seen = new Set<number>();
    for (let count = this.#input.count(5); count > 0; count--) {
      const section = this.#clientStructs();
      // Yjs keeps the last section of a client only, and would lose the others in silence.
      if (seen.has(section.client)) throw new Malformed("a client appears twice");
      seen.add(section.client);
      clients.push(section);
    }
    const deletionsAt = this.#input.at;
    const deletions = this.#deleteSet();
    if (!this.#input.isAtEnd) throw new Malformed("bytes after the end");
    return { clients, deletions, deletionsAt };
  }

  #clientStructs(): ClientStructs {
    const input = this.#input;
    const count = input.count(2);
    if (count === 0) throw new Malformed("a client without structs");
    this.#structs += count;
    if (this.#structs > LIMITS.updateStructs) throw new Malformed("too many structs");
    const client = input.uint();
    let clock = input.uint();
    const structs: Struct[] = [];
    for (let i = 0; i < count; i++) {
      const struct = this.#struct(client, clock);
      if (struct.length === 0) throw new Malformed("a struct of length zero");
      clock += struct.length;
      if (clock >= LIMITS.clockMax) throw new Malformed("a clock over the limit");
      structs.push(struct);
    }
    return { client, structs };
  }

  #struct(client: number, clock: number): Struct {
    const input = this.#input;
    const info = input.byte();
    const ref = info & REF_BITS;
    if (ref === REF.gc || ref === REF.skip) {
      if (info !== ref) throw new Malformed("flags on a struct that has none");
      return withoutLinks(clock, input.uint(), ref === REF.skip);
    }
    const origin = info & HAS_ORIGIN ? this.#linkedId(client, clock) : undefined;
    const rightOrigin = info & HAS_RIGHT_ORIGIN ? this.#linkedId(client, clock) : undefined;
    let parent: StructId | undefined;
    let key: string | undefined;
    if (origin === undefined && rightOrigin === undefined) {
      parent = this.#parent(client, clock);
      if ((info & HAS_PARENT_SUB) !== 0) key = this.#key();
      // The body is a sequence: what stood beside it, nobody would ever see, count or delete.
      if (this.#names && parent === undefined && key !== undefined) throw new Malformed("a key of a root");
    }
    this.#node = undefined;
    this.#value = undefined;
    const length = this.#content(ref);
    return {
      clock,
      length,
      isSkip: false,
      origin,
      rightOrigin,
      parent,
      key,
      isDivisible: length > 1 && ref !== REF.deleted,
      holds: HOLDING[ref] ?? "nothing",
      node: this.#node,
      value: length === 1 ? this.#value : undefined,
      place: undefined,
    };
  }

  /** Ids of the same client must be older than the struct that names them: Yjs does not check, and throws. */
  #linkedId(client: number, clock: number): StructId {
    const id = { client: this.#input.uint(), clock: this.#input.uint() };
    if (id.client === client && id.clock >= clock) throw new Malformed("a struct depends on a later one");
    if (id.clock >= LIMITS.clockMax) throw new Malformed("a clock over the limit");
    return id;
  }

  #parent(client: number, clock: number): StructId | undefined {
    const kind = this.#input.uint();
    if (kind !== 1) {
      if (kind !== 0) throw new Malformed("an unknown kind of parent");
      return this.#linkedId(client, clock);
    }
    const root = this.#key();
    if (this.#names && !this.#names.isRoot(root)) throw new Malformed("an unknown root type");
    return undefined;
  }

  /** Skips a struct's content; its length in clocks. */
  #content(ref: number): number {
    const input = this.#input;
    switch (ref) {
      case REF.deleted:
        return input.uint();
      case REF.json:
        return this.#times(input.count(1), () => {
          this.#value = [this.#json({ mayBeUndefined: true })];
        });
      case REF.binary:
        this.#value = [input.take(input.count(1))];
        return 1;
      case REF.string:
        return input.stringLength(LIMITS.updateStringBytes);
      case REF.embed:
        this.#value = [this.#json()];
        return 1;
      case REF.format: {
        const key = this.#key();
        const value = this.#json();
        if (this.#names && !this.#names.isMark(key, value)) throw new Malformed("an unknown mark");
        return 1;
      }
      case REF.type:
        this.#type();
        return 1;
      case REF.any:
        return this.#times(input.count(1), () => {
          this.#value = [this.#any(1)];
        });
      default:
        // 9 are sub-documents, which nobody loads here; the others do not exist.
        throw new Malformed("an unknown kind of content");
    }
  }

  #times(count: number, read: () => unknown): number {
    for (let i = 0; i < count; i++) read();
    return count;
  }

  #type(): void {
    const type = this.#input.uint();
    if (this.#names && !DOCUMENT_TYPES.has(type)) throw new Malformed("an unexpected shared type");
    if (type > TYPE.xmlText) throw new Malformed("an unknown shared type");
    if (type !== TYPE.xmlElement && type !== TYPE.xmlHook) return;
    const name = this.#key();
    if (this.#names && !this.#names.isNode(name)) throw new Malformed("an unknown node");
    this.#node = name;
  }

  #key(): string {
    const key = this.#input.string(LIMITS.updateStringBytes);
    // In Yjs' `any` values and in code that copies attributes, this key would set a prototype.
    if (key === "__proto__") throw new Malformed("a forbidden key");
    return key;
  }

  /** Old arrays hold the word `undefined`, which JSON does not have. */
  #json(allow: { mayBeUndefined?: boolean } = {}): unknown {
    const text = this.#input.string(LIMITS.updateStringBytes);
    if (text === "undefined" && allow.mayBeUndefined) return undefined;
    checkJsonDepth(text);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new Malformed("a value that is not JSON");
    }
    refuseForbiddenKeys(value);
    return value;
  }

  /** One value of lib0's `readAny`. */
  #any(depth: number): unknown {
    if (depth > LIMITS.updateJsonDepth) throw new Malformed("a value nested too deep");
    const input = this.#input;
    const kind = input.byte();
    switch (kind) {
      case 127:
        return undefined;
      case 126:
        return null;
      case 121:
        return true;
      case 120:
        return false;
      case 125:
        return input.int();
      case 124:
        return input.view(4).getFloat32(0);
      case 123:
        return input.view(8).getFloat64(0);
      case 122: {
        // A bigint breaks JSON.stringify, and so every rendering of the document.
        if (this.#names) throw new Malformed("a bigint");
        return input.view(8).getBigInt64(0);
      }
      case 119:
        return input.string(LIMITS.updateStringBytes);
      case 118: {
        const value: Record<string, unknown> = {};
        this.#times(input.count(2), () => {
          const key = this.#key();
          value[key] = this.#any(depth + 1);
        });
        return value;
      }
      case 117: {
        const value: unknown[] = [];
        this.#times(input.count(1), () => value.push(this.#any(depth + 1)));
        return value;
      }
      case 116:
        return input.take(input.count(1));
      default:
        throw new Malformed("an unknown kind of value");
    }
  }

  #deleteSet(): Deletion[] {
    const input = this.#input;
    const deletions: Deletion[] = [];
    for (let clients = input.count(2); clients > 0; clients--) {
      const client = input.uint();
      let count = input.count(2);
      if (deletions.length + count > LIMITS.updateDeletions) throw new Malformed("too many deletions");
      for (; count > 0; count--) {
        const deletion = { client, clock: input.uint(), length: input.uint() };
        if (deletion.length === 0) throw new Malformed("a deletion of length zero");
        if (deletion.clock + deletion.length >= LIMITS.clockMax)
          throw new Malformed("a clock over the limit");
        deletions.push(deletion);
      }
    }
    return deletions;
  }
}

/** Of the same shape as every other: structs of two shapes are read slower. */
function withoutLinks(clock: number, length: number, isSkip: boolean): Struct {
  return {
    clock,
    length,
    isSkip,
    origin: undefined,
    rightOrigin: undefined,
    parent: undefined,
    key: undefined,
    isDivisible: false,
    holds: "nothing",
    node: undefined,
    value: undefined,
    place: undefined,
  };
}

/** Counts brackets outside strings, so that `JSON.parse` never sees a value that is nested too deep. */
function checkJsonDepth(text: string): void {
  let depth = 0;
  let isInString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (isInString) {
      if (character === "\\") i++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === "{" || character === "[") {
      if (++depth > LIMITS.updateJsonDepth) throw new Malformed("a value nested too deep");
    } else if (character === "}" || character === "]") depth--;
  }
}

function refuseForbiddenKeys(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (Object.hasOwn(value, "__proto__")) throw new Malformed("a forbidden key");
  for (const inner of Object.values(value)) refuseForbiddenKeys(inner);
}
