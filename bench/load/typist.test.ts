import { expect, it } from "vitest";
import * as Y from "yjs";
import { grownDocument, Typist } from "./typist.ts";

it("types what a Yjs document reads, letter by letter and in one go", () => {
  const document = new Y.Doc();
  const typist = new Typist(7);
  for (const update of [typist.begin, typist.type("b"), typist.type("c"), typist.type(" and more")]) {
    Y.applyUpdate(document, update);
  }
  expect(document.getXmlFragment("default").toString()).toBe("<paragraph>abc and more</paragraph>");
  expect(Y.getState(document.store, 7)).toBe(typist.clock);
  expect(document.store.pendingStructs).toBeNull();
});

it("grows a document of about the size that was asked for", () => {
  const update = grownDocument(200_000);
  expect(update.length).toBeGreaterThan(180_000);
  expect(update.length).toBeLessThan(230_000);
});
