/**
 * Decides what happens to one write before anything is done with it (docs/spec.md, A rules). Reads the room and
 * changes nothing.
 */
import { type ErrorCode, LIMITS } from "@octavo/schema";
import { createEncoder, type Encoder, toUint8Array, writeUint8Array, writeVarUint } from "lib0/encoding";
import {
  ContentType,
  type Doc,
  diffUpdate,
  encodeStateVector,
  findIndexSS,
  getState,
  ID,
  Item,
  XmlElement,
  XmlText,
} from "yjs";
import {
  type Deletion,
  type KnownNames,
  type Place,
  type PlaceKind,
  readUpdate,
  type Sketch,
  type Struct,
  type StructId,
} from "./guard.ts";

/** What admission asks of a room. "Admitted" is what was applied and what waits for its commit before being so. */
export interface AdmissionView {
  /** The applied state. */
  readonly document: Doc;
  readonly names: KnownNames | undefined;
  /** Encoded size of the document, roughly. */
  readonly bytes: number;
  /** First clock of the client that was not admitted. */
  clockOf(client: number): number;
  /** An admitted struct that is not applied yet. */
  waitingStruct(id: StructId): Struct | undefined;
  ownerOf(client: number): string | undefined;
}

export type Verdict =
  /** Everything in it is on disk, or will be before this verdict's turn comes. */
  | { kind: "nothing-new" }
  /** `update` is what to append: the part that was not admitted before. */
  | { kind: "append"; update: Uint8Array; sketch: Sketch; claims: number[] }
  /** Depends on a struct that nobody sent yet. */
  | { kind: "hold"; missing: StructId }
  | { kind: "refuse"; code: ErrorCode; reason: string };

/** What to do with an update that `actor` presents now. */
export function judge(room: AdmissionView, update: Uint8Array, actor: string): Verdict {
  const reading = readUpdate(update, room.names);
  if (!reading.ok) return { kind: "refuse", code: "MALFORMED_UPDATE", reason: reading.reason };
  const { sketch } = reading;
  if (bringsKnownStructs(room, sketch)) {
    // Yjs cuts such structs while integrating, and breaks on some cuts; cut before, they are ordinary.
    return judgeNews(room, diffUpdate(update, encodeStateVector(admittedClocks(room, sketch))), actor);
  }
  return judgeSketch(room, update, sketch, actor);
}

function judgeNews(room: AdmissionView, update: Uint8Array, actor: string): Verdict {
  const reading = readUpdate(update, room.names);
  if (!reading.ok) return { kind: "refuse", code: "MALFORMED_UPDATE", reason: reading.reason };
  return judgeSketch(room, update, reading.sketch, actor);
}

function judgeSketch(room: AdmissionView, update: Uint8Array, sketch: Sketch, actor: string): Verdict {
  const claims: number[] = [];
  for (const { client } of sketch.clients) {
    const owner = room.ownerOf(client);
    if (owner === undefined) claims.push(client);
    else if (owner !== actor)
      return { kind: "refuse", code: "FOREIGN_CLIENT_ID", reason: "owned by another" };
  }
  const order = findOrder(room, sketch);
  if (order.kind === "ring") {
    return { kind: "refuse", code: "MALFORMED_UPDATE", reason: "structs that wait for each other" };
  }
  if (order.kind === "missing") return { kind: "hold", missing: order.id };
  const misplaced = findMisplaced(room, sketch);
  if (misplaced) return { kind: "refuse", code: "MALFORMED_UPDATE", reason: misplaced };
  const news = withoutKnownDeletions(room.document, update, sketch);
  if (news === undefined) return { kind: "nothing-new" };
  if (room.bytes + news.update.length > LIMITS.documentBytes) {
    return { kind: "refuse", code: "DOCUMENT_TOO_LARGE", reason: "over the limit" };
  }
  return { kind: "append", ...news, claims };
}

function bringsKnownStructs(room: AdmissionView, sketch: Sketch): boolean {
  return sketch.clients.some(({ client, structs }) => structs[0]!.clock < room.clockOf(client));
}

function admittedClocks(room: AdmissionView, sketch: Sketch): Map<number, number> {
  const clocks = new Map<number, number>();
  for (const { client } of sketch.clients) {
    const clock = room.clockOf(client);
    if (clock > 0) clocks.set(client, clock);
  }
  return clocks;
}

type Order = { kind: "complete" } | { kind: "missing"; id: StructId } | { kind: "ring" };

/** How far a client's structs of this update could be integrated so far. */
interface Cursor {
  structs: Struct[];
  index: number;
  clock: number;
}

/**
 * Whether Yjs could integrate every struct now. Walks the structs as Yjs does: a struct that needs one of another
 * client waits until that client came so far. What Yjs could not integrate it would keep aside, unseen by the log.
 */
function findOrder(room: AdmissionView, sketch: Sketch): Order {
  const cursors = new Map<number, Cursor>();
  for (const { client, structs } of sketch.clients) {
    cursors.set(client, { structs, index: 0, clock: room.clockOf(client) });
  }
  const clockOf = (client: number) => cursors.get(client)?.clock ?? room.clockOf(client);

  for (const client of cursors.keys()) {
    const waiting = [{ client, until: Number.POSITIVE_INFINITY }];
    while (waiting.length > 0) {
      const { client: current, until } = waiting.at(-1)!;
      const cursor = cursors.get(current)!;
      const struct = cursor.structs[cursor.index];
      if (struct === undefined || cursor.clock > until) {
        waiting.pop();
        continue;
      }
      if (struct.isSkip) {
        cursor.index++;
        continue;
      }
      if (struct.clock > cursor.clock)
        return { kind: "missing", id: { client: current, clock: cursor.clock } };
      const need = [struct.origin, struct.rightOrigin, struct.parent].find(
        id => id !== undefined && id.client !== current && id.clock >= clockOf(id.client),
      );
      if (need === undefined) {
        cursor.clock = Math.max(cursor.clock, struct.clock + struct.length);
        cursor.index++;
        continue;
      }
      const other = cursors.get(need.client);
      if (other === undefined || other.index === other.structs.length) {
        return { kind: "missing", id: { client: need.client, clock: need.clock } };
      }
      if (waiting.some(one => one.client === need.client)) return { kind: "ring" };
      waiting.push({ client: need.client, until: need.clock });
    }
  }
  for (const { client, clock, length } of sketch.deletions) {
    if (clock + length > clockOf(client))
      return { kind: "missing", id: { client, clock: clock + length - 1 } };
  }
  return { kind: "complete" };
}

/**
 * The update without the deletions that the document has, undefined when nothing is left. Each sync step 2 carries
 * all deletions that its client knows, and a log that took them in would grow with every reconnect.
 */
function withoutKnownDeletions(
  document: Doc,
  update: Uint8Array,
  sketch: Sketch,
): { update: Uint8Array; sketch: Sketch } | undefined {
  const { clients, deletions, deletionsAt } = sketch;
  const news = deletions.flatMap(deletion => unknownParts(document, deletion));
  if (clients.length === 0 && news.length === 0) return undefined;
  const isCut =
    news.length !== deletions.length || news.some((one, i) => one.length !== deletions[i]!.length);
  if (!isCut) return { update, sketch };
  const encoder = createEncoder();
  writeUint8Array(encoder, update.subarray(0, deletionsAt));
  writeDeletions(encoder, news);
  return { update: toUint8Array(encoder), sketch: { clients, deletions: news, deletionsAt } };
}

/** What of a range is not deleted yet; what is admitted and not applied yet counts as such. */
function unknownParts(document: Doc, deletion: Deletion): Deletion[] {
  const { client, clock } = deletion;
  const end = clock + deletion.length;
  const known = getState(document.store, client);
  if (clock >= known) return [deletion];
  const parts: Deletion[] = [];
  const add = (from: number, to: number) => {
    const last = parts.at(-1);
    if (last && last.clock + last.length === from) last.length += to - from;
    else parts.push({ client, clock: from, length: to - from });
  };
  const structs = document.store.clients.get(client)!;
  for (let i = findIndexSS(structs, clock); i < structs.length && structs[i]!.id.clock < end; i++) {
    const struct = structs[i]!;
    if (struct.deleted) continue;
    add(Math.max(clock, struct.id.clock), Math.min(end, struct.id.clock + struct.length));
  }
  if (end > known) add(known, end);
  return parts;
}

/** As Yjs writes a delete set: by client, ranges in the order they came. */
function writeDeletions(encoder: Encoder, deletions: readonly Deletion[]): void {
  const byClient = Map.groupBy(deletions, ({ client }) => client);
  writeVarUint(encoder, byClient.size);
  for (const [client, ranges] of byClient) {
    writeVarUint(encoder, client);
    writeVarUint(encoder, ranges.length);
    for (const { clock, length } of ranges) {
      writeVarUint(encoder, clock);
      writeVarUint(encoder, length);
    }
  }
}

/**
 * What Yjs integrates and cannot delete again: types nested so deep that the stack ends (it deletes with one frame
 * a level), and values under a key that can be split (it deletes the last part only, and fails to collect the rest).
 * Also what the schema refuses and only the place tells: values of attributes, of which every but the first says
 * nothing but what it comes after.
 */
function findMisplaced(room: AdmissionView, sketch: Sketch): string | undefined {
  const { names } = room;
  let placeOf: ((struct: Struct) => Place) | undefined;
  for (const { structs } of sketch.clients) {
    for (const struct of structs) {
      const { holds, isDivisible, value } = struct;
      if (holds === "nothing" || (!names && holds !== "type" && !isDivisible)) continue;
      placeOf ??= placeFinder(room, sketch);
      const { depth, key, inside, around } = placeOf(struct);
      if (holds === "type" && depth + 1 > LIMITS.updateTypeDepth) return "types nested too deep";
      if (key === undefined) {
        if (names && inside && holds !== TAKES[inside]) return "content that its place does not take";
        continue;
      }
      if (isDivisible) return "more than one value under a key";
      if (names === undefined) continue;
      if (holds !== "value") return "an attribute that holds no value";
      if (value && around !== undefined && !names.isAttribute(around, key, value[0])) {
        return "a value that an attribute may not have";
      }
    }
  }
  return undefined;
}

/** Editors throw on text right in an element, and on elements in a text: nobody could open the document any more. */
const TAKES = { element: "type", text: "text" } as const;

/** A struct's place is its own to say only where it has no origin; else it stands beside that. */
function placeFinder(room: AdmissionView, sketch: Sketch): (struct: Struct) => Place {
  const structsOf = new Map(sketch.clients.map(({ client, structs }) => [client, structs]));
  const admittedStruct = (id: StructId) =>
    structAt(structsOf.get(id.client), id.clock) ?? room.waitingStruct(id);

  return start => {
    // A run of typing is a long chain: no recursion, and every link is walked once.
    const path: Struct[] = [];
    let struct: Struct | undefined = start;
    let place: Place | undefined;
    while (place === undefined) {
      place = struct.place;
      if (place) break;
      path.push(struct);
      const link: StructId | undefined = struct.parent ?? struct.origin ?? struct.rightOrigin;
      if (link === undefined) place = ROOT;
      else {
        const next: Struct | undefined = admittedStruct(link);
        if (next) struct = next;
        else place = appliedPlace(room.document, link);
      }
    }
    for (const step of path.reverse()) {
      step.place ??= placeFrom(step, place);
      place = step.place;
    }
    return place;
  };
}

/** A place outside every type, where the walk ends. */
const ROOT: Place = {
  depth: 0,
  key: undefined,
  inside: undefined,
  around: undefined,
  opens: undefined,
  node: undefined,
};

/** Place of a struct, from that of the struct it is linked to. */
function placeFrom({ parent, origin, rightOrigin, key, holds, node }: Struct, linked: Place): Place {
  const opens = node !== undefined ? "element" : holds === "type" ? "text" : undefined;
  if (parent) return { depth: linked.depth + 1, key, inside: linked.opens, around: linked.node, opens, node };
  if (origin || rightOrigin) return { ...linked, opens, node };
  return { depth: 0, key, inside: "element", around: undefined, opens, node };
}

/** The struct that holds the clock, of structs in order. */
export function structAt(structs: readonly Struct[] | undefined, clock: number): Struct | undefined {
  if (structs === undefined) return undefined;
  let low = 0;
  let high = structs.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const struct = structs[middle]!;
    if (clock < struct.clock) high = middle - 1;
    else if (clock >= struct.clock + struct.length) low = middle + 1;
    else return struct;
  }
  return undefined;
}

function appliedPlace(document: Doc, id: StructId): Place {
  const structs = document.store.clients.get(id.client);
  const found = structs?.[findIndexSS(structs, id.clock)];
  if (!(found instanceof Item)) return ROOT;
  let depth = 0;
  for (let item: Item | null = found; item !== null; depth++) {
    const parent: Item["parent"] = item.parent;
    if (parent === null || !("_item" in parent)) break;
    item = parent._item;
    if (item === null) break;
  }
  const { parent, content } = found;
  return {
    depth,
    key: found.parentSub ?? undefined,
    inside: kindOf(parent),
    around: parent instanceof XmlElement ? parent.nodeName : undefined,
    opens: content instanceof ContentType ? kindOf(content.type) : undefined,
    node:
      content instanceof ContentType && content.type instanceof XmlElement
        ? content.type.nodeName
        : undefined,
  };
}

/** The body is a fragment, or a type that nobody used by its name yet; it takes what an element takes. */
function kindOf(type: Item["parent"]): PlaceKind | undefined {
  if (type === null || type instanceof ID) return undefined;
  return type instanceof XmlText ? "text" : "element";
}
