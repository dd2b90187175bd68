import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { splitUpdate } from "./split-update.ts";

const LIMIT = 500;

/** A large paste: many blocks with formatted text, and something deleted again, in one transaction. */
function paste(doc: Y.Doc, blocks: number): Uint8Array {
  const before = Y.encodeStateVector(doc);
  doc.transact(() => {
    const body = doc.getXmlFragment("default");
    for (let i = 0; i < blocks; i++) {
      const block = new Y.XmlElement("paragraph");
      const text = new Y.XmlText();
      block.setAttribute("id", `b${i}`);
      block.insert(0, [text]);
      body.push([block]);
      text.insert(0, `block ${i} 😀 `, { bold: {} });
      text.insert(0, "x".repeat(i % 40));
    }
    body.delete(0, 2);
  });
  return Y.encodeStateAsUpdate(doc, before);
}

const stateOf = (doc: Y.Doc) => ({
  text: doc.getXmlFragment("default").toString(),
  vector: [...Y.decodeStateVector(Y.encodeStateVector(doc))],
});

describe("V5 splitting an update", () => {
  it("leaves a small one as it is", () => {
    const update = paste(new Y.Doc(), 3);
    expect(splitUpdate(update, LIMIT)).toEqual([update]);
  });

  it("gives the same document, in parts near the limit, none of which waits for a later one", () => {
    const source = new Y.Doc();
    paste(source, 3);
    const target = new Y.Doc();
    Y.applyUpdate(target, Y.encodeStateAsUpdate(source));
    const parts = splitUpdate(paste(source, 200), LIMIT);
    expect(parts.length).toBeGreaterThan(10);
    for (const part of parts) {
      expect(part.length).toBeLessThan(LIMIT + 100);
      Y.applyUpdate(target, part);
      expect(target.store.pendingStructs).toBeNull();
    }
    expect(stateOf(target)).toEqual(stateOf(source));
  });

  it("leaves an update of several clients whole", () => {
    const [a, b] = [new Y.Doc(), new Y.Doc()];
    paste(a, 50);
    Y.applyUpdate(b, Y.encodeStateAsUpdate(a));
    paste(b, 50);
    expect(splitUpdate(Y.encodeStateAsUpdate(b), LIMIT)).toHaveLength(1);
  });

  it("leaves a single long run of text whole", () => {
    const doc = new Y.Doc();
    doc.getText("t").insert(0, "x".repeat(10 * LIMIT));
    const update = Y.encodeStateAsUpdate(doc);
    expect(Y.mergeUpdates([...splitUpdate(update, LIMIT)])).toEqual(update);
  });
});
