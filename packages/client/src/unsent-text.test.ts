import { expect, it } from "vitest";
import * as Y from "yjs";
import { unsentText } from "./unsent-text.ts";

it("V3 is what this client wrote after the acknowledged clock, a line a block, without what is deleted or somebody else's", () => {
  const other = new Y.Doc();
  const text = new Y.XmlText();
  const block = new Y.XmlElement("paragraph");
  block.insert(0, [text]);
  other.getXmlFragment("default").insert(0, [block]);
  text.insert(0, "theirs ");

  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
  const body = doc.getXmlFragment("default");
  const shared = (body.get(0) as Y.XmlElement).get(0) as Y.XmlText;
  shared.insert(7, "acked ");
  const acked = Y.getState(doc.store, doc.clientID);
  shared.insert(13, "lost gone");
  shared.delete(17, 5);
  const second = new Y.XmlElement("paragraph");
  second.insert(0, [new Y.XmlText("too")]);
  body.insert(1, [second]);

  expect(unsentText(body, doc.clientID, acked)).toBe("lost\ntoo");
  expect(unsentText(body, doc.clientID, 0)).toBe("acked lost\ntoo");
});
