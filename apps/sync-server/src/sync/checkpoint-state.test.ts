import { createRandom, seedMessage } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { applyUpdate, applyUpdateV2, Doc, encodeStateAsUpdateV2, encodeStateVector } from "yjs";
import { randomEdit } from "../../test/random-edits.ts";
import { proveState, stateAfter, UpdateList } from "./checkpoint-state.ts";

/** A document with its updates, by two people in turn. */
function edited(edits: number, seed?: number) {
  const random = createRandom(seed);
  const updates: Uint8Array[] = [];
  const people = [new Doc(), new Doc()] as const;
  for (const person of people) {
    person.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === "other") return;
      updates.push(update);
      for (const other of people) if (other !== person) applyUpdate(other, update, "other");
    });
  }
  for (let i = 0; i < edits; i++) randomEdit(random.pick(people), random);
  return { document: people[0], updates, random };
}

const listOf = (updates: readonly Uint8Array[]) => {
  const list = new UpdateList();
  for (const update of updates) list.add(update);
  return list.encode();
};

test("C3 a state made of a checkpoint and the log after it is the document, and is proven", () => {
  for (let round = 0; round < 10; round++) {
    const { document, updates, random } = edited(60);
    const at = random.int(0, updates.length);
    const base = at === 0 ? undefined : stateAfter(undefined, listOf(updates.slice(0, at)));
    const state = stateAfter(base, listOf(updates.slice(at)));
    expect(() => proveState(state, encodeStateVector(document)), seedMessage(random)).not.toThrow();
    const copy = new Doc();
    applyUpdateV2(copy, state);
    expect(copy.getXmlFragment("default").toJSON(), seedMessage(random)).toBe(
      document.getXmlFragment("default").toJSON(),
    );
  }
});

test("C4 a state that is not the document is found out", () => {
  const { document, updates } = edited(30, 7);
  const clocks = encodeStateVector(document);
  const short = stateAfter(undefined, listOf(updates.slice(0, -1)));
  expect(() => proveState(short, clocks)).toThrow(/clocks/);
  const gap = stateAfter(undefined, listOf(updates.slice(1)));
  expect(() => proveState(gap, clocks)).toThrow(/depends on something missing/);
  expect(() => proveState(encodeStateAsUpdateV2(document).subarray(0, -3), clocks)).toThrow();
});
