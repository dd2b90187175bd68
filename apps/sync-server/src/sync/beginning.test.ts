import { createRandom, seedMessage } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { Doc, encodeStateAsUpdate, XmlElement, XmlText } from "yjs";
import { writeParagraph } from "../../test/harness.ts";
import { randomEdit } from "../../test/random-edits.ts";
import { digestOf } from "../documents/convert/conversions.ts";
import { listEntryOf } from "../documents/digest.ts";
import { beginningOf } from "./beginning.ts";

const heading = (text: string) => {
  const element = new XmlElement<{ level: number }>("heading");
  element.setAttribute("level", 1);
  element.insert(0, [new XmlText(text)]);
  return element as XmlElement;
};

test("S4 the list shows of the beginning what it would show of the whole document", () => {
  const random = createRandom();
  const document = new Doc();
  for (let i = 0; i < 150; i++) {
    randomEdit(document, random);
    const { title, snippet } = digestOf(encodeStateAsUpdate(document));
    const beginning = beginningOf(document);
    expect(beginning.isWhole, seedMessage(random)).toBe(true);
    expect(listEntryOf(beginning), seedMessage(random)).toEqual({ title: title || "Untitled", snippet });
  }
});

test("S4 of a long document a bounded part is read, and a title that may stand further on stays", () => {
  const document = new Doc();
  const body = document.getXmlFragment("default");
  for (let i = 0; i < 2_000; i++) writeParagraph(document, `paragraph ${i}`);
  body.insert(body.length, [heading("Far away")]);
  const beginning = beginningOf(document);
  expect(beginning.isWhole).toBe(false);
  expect(JSON.stringify(beginning.body).length).toBeLessThan(40_000);
  expect(listEntryOf(beginning)).toMatchObject({
    title: undefined,
    snippet: expect.stringMatching(/^paragraph 0 /),
  });
  body.insert(0, [heading("Here")]);
  expect(listEntryOf(beginningOf(document)).title).toBe("Here");
});

test("S4 one paragraph without end is cut", () => {
  const document = new Doc();
  writeParagraph(document, "x".repeat(5_000_000));
  const beginning = beginningOf(document);
  expect(beginning.isWhole).toBe(false);
  expect(JSON.stringify(beginning.body).length).toBeLessThan(20_000);
});
