import { createRandom, seedMessage } from "@octavo/test-kit";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { applyUpdate, Doc, encodeStateVector } from "yjs";
import { textOf, writeParagraph } from "../../test/harness.ts";
import { randomEdit } from "../../test/random-edits.ts";
import type { Room } from "./room.ts";
import { Scratch } from "./scratch.ts";
import { keepFormatting } from "./upstream-yjs.ts";

/** A room of which what is admitted is applied only when the test says so. */
function scratchRoom() {
  const document = new Doc();
  keepFormatting(document);
  let waiting: Uint8Array[] = [];
  const clients = new Map<string, number>();
  const room = {
    document,
    admittedUpdates: () => waiting,
    serverClientFor: (actor: string, fresh: () => number) => {
      const client = clients.get(actor) ?? fresh();
      clients.set(actor, client);
      return client;
    },
  };
  const scratch = new Scratch(room as unknown as Room);
  const admit = (update: Uint8Array) => {
    waiting.push(update);
    scratch.admitted(update);
  };
  return {
    document,
    scratch,
    admit,
    apply() {
      for (const update of waiting) applyUpdate(document, update);
      waiting = [];
    },
    /** A write of the server, admitted as any other. */
    write(actor: string, change: (document: Doc) => void) {
      const update = scratch.update(actor, change);
      if (update) admit(update);
      return update;
    },
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("S1 writes see everything admitted, others' and the server's own, committed or not", () => {
  const random = createRandom();
  const { document, scratch, admit, apply, write } = scratchRoom();
  const person = new Doc();
  person.on("update", (update: Uint8Array, origin: unknown) => {
    if (origin !== "server") admit(update);
  });
  for (let i = 0; i < 300; i++) {
    if (random.bool(0.6)) randomEdit(person, random);
    else {
      let seen = "";
      const update = write(random.pick(["user:a", "server"]), copy => {
        seen = textOf(copy);
        if (random.bool()) randomEdit(copy, random);
        else writeParagraph(copy, `server ${i}`);
      });
      expect(seen, seedMessage(random)).toBe(textOf(person));
      if (update) applyUpdate(person, update, "server");
    }
    if (random.bool(0.3)) apply();
    if (random.bool(0.05)) vi.advanceTimersByTime(10_000);
    if (random.bool(0.02)) scratch.drop();
  }
  apply();
  expect(textOf(document), seedMessage(random)).toBe(textOf(person));
  expect(encodeStateVector(document), seedMessage(random)).toEqual(encodeStateVector(person));
});

test("S3 the copy is made once for writes that go on, and let go when they end", () => {
  const { document, admit, apply, write } = scratchRoom();
  const person = new Doc();
  person.on("update", (update: Uint8Array) => admit(update));
  writeParagraph(person, "there");
  const copies = new Set<Doc>();
  const writeOnce = () => write("server", copy => copies.add(copy) && writeParagraph(copy, "more"));
  for (let i = 0; i < 20; i++) {
    writeOnce();
    writeParagraph(person, "meanwhile");
    apply();
    vi.advanceTimersByTime(1_000);
  }
  expect(copies.size).toBe(1);
  vi.advanceTimersByTime(5_000);
  expect([...copies][0]!.isDestroyed).toBe(true);
  writeOnce();
  expect(copies.size).toBe(2);
  writeParagraph(person, "x".repeat(2_000_000));
  expect([...copies][1]!.isDestroyed).toBe(true);
  writeOnce();
  apply();
  expect(textOf(document).match(/more/g)).toHaveLength(22);
});

test("S3 a change that throws leaves nothing of itself", () => {
  const { document, apply, write } = scratchRoom();
  expect(() =>
    write("server", copy => {
      writeParagraph(copy, "half");
      throw new RangeError("no");
    }),
  ).toThrow(RangeError);
  expect(write("server", () => {})).toBeUndefined();
  write("server", copy => writeParagraph(copy, "whole"));
  apply();
  expect(textOf(document)).toBe("<paragraph>whole</paragraph>");
});
