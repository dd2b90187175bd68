import { createRandom, type Random, seedMessage } from "@octavo/test-kit";
import {
  createEncoder,
  type Encoder,
  toUint8Array,
  writeAny,
  writeUint8,
  writeVarString,
  writeVarUint,
} from "lib0/encoding";
import { expect, test } from "vitest";
import {
  applyUpdate,
  applyUpdateV2,
  Doc,
  decodeStateVector,
  encodeStateAsUpdate,
  encodeStateAsUpdateV2,
  encodeStateVector,
  getState,
  mergeUpdates,
} from "yjs";
import { randomEdit } from "../../test/random-edits.ts";
import { type AdmissionView, judge } from "./admit.ts";
import { knownNames } from "./known-names.ts";
import { hasPending } from "./upstream.ts";

const LONG = process.env.OCTAVO_LONG === "1";

/** A room of which everything admitted is applied. */
function viewOf(document: Doc, names: AdmissionView["names"]): AdmissionView {
  return {
    document,
    names,
    bytes: 0,
    clockOf: client => getState(document.store, client),
    waitingStruct: () => undefined,
    ownerOf: () => undefined,
  };
}

/** Three people's edits, with what each of them sends: updates, and now and then everything at once. */
function genuineUpdates(random: Random, edits: number): Uint8Array[] {
  const updates: Uint8Array[] = [];
  const people = [1, 2, 3].map(() => new Doc());
  for (const person of people) {
    person.clientID = random.uint32();
    person.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== "other") updates.push(update);
    });
  }
  let delivered = 0;
  for (let i = 0; i < edits; i++) {
    const person = random.pick(people);
    randomEdit(person, random);
    if (random.bool(0.4)) {
      for (const update of updates.slice(delivered))
        for (const other of people) applyUpdate(other, update, "other");
      delivered = updates.length;
    }
    if (random.bool(0.02)) updates.push(encodeStateAsUpdate(person));
    if (random.bool(0.05) && updates.length > 3) updates.push(mergeUpdates(updates.slice(-3)));
  }
  return updates;
}

test("G1 what an editor sends is never refused", { timeout: 600_000 }, () => {
  const random = createRandom();
  let admitted = 0;
  for (let round = 0; round < (LONG ? 200 : 8); round++) {
    const room = new Doc();
    for (const update of genuineUpdates(random.fork(`round ${round}`), 150)) {
      const verdict = judge(viewOf(room, knownNames), update, "user:a");
      if (verdict.kind === "refuse" || verdict.kind === "hold") {
        expect.fail(`${JSON.stringify(verdict)}, ${seedMessage(random)}`);
      }
      if (verdict.kind !== "append") continue;
      admitted++;
      applyUpdate(room, verdict.update);
      expect(hasPending(room), seedMessage(random)).toBe(false);
    }
  }
  expect(admitted).toBeGreaterThan(500);
});

test("G5 whatever bytes are admitted, the document can be loaded again", { timeout: 900_000 }, () => {
  const random = createRandom();
  let admitted = 0;
  for (let round = 0; round < (LONG ? 3000 : 100); round++) {
    const one = random.fork(`round ${round}`);
    const genuine = genuineUpdates(one, 25);
    for (const names of [knownNames, undefined]) {
      let room = new Doc();
      const log = genuine.slice(0, one.int(0, genuine.length));
      for (const update of log) applyUpdate(room, update);
      for (let i = 0; i < 150; i++) {
        const bytes = one.bool() ? hostileUpdate(room, one) : mutated(one.pick(genuine), one);
        const verdict = judge(viewOf(room, names), bytes, "user:a");
        if (verdict.kind !== "append") continue;
        admitted++;
        const hint = `${seedMessage(random)}, round ${round}, ${Buffer.from(verdict.update).toString("hex")}`;
        try {
          log.push(verdict.update);
          applyUpdate(room, verdict.update);
          if (hasPending(room)) throw new Error("kept aside by Yjs");
          room = reloaded(room);
        } catch (cause) {
          throw new Error(hint, { cause });
        }
      }
      const cold = new Doc();
      cold.transact(() => {
        for (const update of log) applyUpdate(cold, update);
      });
      expect(hasSameClocks(cold, room), seedMessage(random)).toBe(true);
    }
  }
  expect(admitted).toBeGreaterThan(200);
});

/** Unloads and loads the document in both encodings, and says when something of it is gone. */
function reloaded(document: Doc): Doc {
  const [first, second] = [new Doc(), new Doc()];
  applyUpdate(first, encodeStateAsUpdate(document));
  applyUpdateV2(second, encodeStateAsUpdateV2(document));
  for (const copy of [first, second]) {
    if (hasPending(copy)) throw new Error("incomplete after loading");
    if (!hasSameClocks(document, copy)) throw new Error("another state vector after loading");
  }
  return first;
}

function hasSameClocks(a: Doc, b: Doc): boolean {
  const clocks = (document: Doc) =>
    [...decodeStateVector(encodeStateVector(document))].sort(([x], [y]) => x - y);
  return JSON.stringify(clocks(a)) === JSON.stringify(clocks(b));
}

function mutated(update: Uint8Array, random: Random): Uint8Array {
  let bytes = Uint8Array.from(update);
  for (let times = random.int(1, 4); times > 0; times--) {
    const at = random.int(0, bytes.length - 1);
    const change = random.int(0, 5);
    if (change === 0) bytes[at] = random.int(0, 255);
    else if (change === 1) bytes[at] = bytes[at]! ^ (1 << random.int(0, 7));
    else if (change === 2) bytes[at] = random.pick([0, 1, 2, 4, 7, 8, 0x84, 0x44, 0xc4, 0x87, 0x28]);
    else if (change === 3) bytes = Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + 1)]);
    else if (change === 4)
      bytes = Uint8Array.from([...bytes.slice(0, at), random.int(0, 20), ...bytes.slice(at)]);
    else bytes[at] = (bytes[at]! + random.pick([-1, 1])) & 0xff;
    if (bytes.length === 0) return bytes;
  }
  return bytes;
}

/** Well-formed to the last bit, and of no sense: links to anything there is, over what is there already. */
function hostileUpdate(room: Doc, random: Random): Uint8Array {
  const encoder = createEncoder();
  const known = [...room.store.clients.keys()];
  const clients = new Set(Array.from({ length: random.int(1, 3) }, () => random.int(1, 3)));
  if (known.length > 0 && random.bool(0.5)) clients.add(random.pick(known));
  const candidates = [...known, ...clients];
  const idNear = (): [number, number] => {
    const client = random.pick(candidates);
    return [client, random.int(0, getState(room.store, client) + 2)];
  };
  const writeId = () => {
    for (const part of idNear()) writeVarUint(encoder, part);
  };
  writeVarUint(encoder, clients.size);
  for (const client of clients) {
    const structs = random.int(1, 5);
    writeVarUint(encoder, structs);
    writeVarUint(encoder, client);
    writeVarUint(encoder, Math.max(0, getState(room.store, client) - random.pick([0, 0, 0, 1, 3, 8])));
    for (let i = 0; i < structs; i++) {
      const ref = random.pick([0, 1, 2, 3, 4, 4, 5, 6, 7, 7, 7, 8, 10]);
      if (ref === 0 || ref === 10) {
        writeUint8(encoder, ref);
        writeVarUint(encoder, random.int(1, 9));
        continue;
      }
      const [hasOrigin, hasRight] = [random.bool(0.6), random.bool(0.4)];
      const hasParentSub = random.bool(0.2);
      writeUint8(encoder, ref | (hasOrigin ? 0x80 : 0) | (hasRight ? 0x40 : 0) | (hasParentSub ? 0x20 : 0));
      if (hasOrigin) writeId();
      if (hasRight) writeId();
      if (!hasOrigin && !hasRight) {
        const isRoot = random.bool(0.4);
        writeVarUint(encoder, isRoot ? 1 : 0);
        if (isRoot) writeVarString(encoder, "default");
        else writeId();
        if (hasParentSub) writeVarString(encoder, random.pick(["a", "b", "level"]));
      }
      writeContent(encoder, ref, random);
    }
  }
  const deleting = random.int(0, 2);
  writeVarUint(encoder, deleting);
  for (let i = 0; i < deleting; i++) {
    const [client, clock] = idNear();
    writeVarUint(encoder, client);
    writeVarUint(encoder, 1);
    writeVarUint(encoder, clock);
    writeVarUint(encoder, random.int(1, 12));
  }
  return toUint8Array(encoder);
}

function writeContent(encoder: Encoder, ref: number, random: Random): void {
  switch (ref) {
    case 1:
      writeVarUint(encoder, random.int(1, 6));
      return;
    case 2:
      writeVarUint(encoder, 2);
      writeVarString(encoder, "1");
      writeVarString(encoder, "undefined");
      return;
    case 3:
      writeVarUint(encoder, 2);
      writeUint8(encoder, 1);
      writeUint8(encoder, 2);
      return;
    case 4:
      writeVarString(encoder, random.text(random.int(1, 5)));
      return;
    case 5:
      writeVarString(encoder, '{"a":1}');
      return;
    case 6:
      writeVarString(encoder, random.pick(["bold", "italic"]));
      writeVarString(encoder, random.pick(["{}", "null"]));
      return;
    case 7: {
      const type = random.pick([3, 3, 6, 6, 0, 1, 2, 4, 5]);
      writeVarUint(encoder, type);
      if (type === 3 || type === 5) writeVarString(encoder, random.pick(["paragraph", "heading"]));
      return;
    }
    default:
      writeVarUint(encoder, 2);
      writeAny(encoder, { a: [1, null] });
      writeAny(encoder, "x");
  }
}
