// @vitest-environment happy-dom
import { documentSchema } from "@octavo/schema/document";
import { EditorState, TextSelection } from "@tiptap/pm/state";
import { EditorView } from "@tiptap/pm/view";
import { afterEach, expect, it } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { bindDocument } from "./bind-document.ts";

interface Seat {
  doc: Y.Doc;
  view: EditorView;
  undo(): boolean;
  redo(): boolean;
}

const views: EditorView[] = [];
afterEach(() => {
  for (const view of views.splice(0)) view.destroy();
});

/** Two editors whose documents hear each other at once. */
function pair(...texts: string[]): [Seat, Seat] {
  const first = new Y.Doc();
  for (const [index, text] of texts.entries()) {
    const block = new Y.XmlElement("paragraph");
    // As every block of a document has one: y-tiptap treats blocks with distinctive attributes in another way.
    block.setAttribute("id", `block0000${index + 1}`);
    block.insert(0, [new Y.XmlText(text)]);
    first.getXmlFragment("default").push([block]);
  }
  const second = new Y.Doc();
  Y.applyUpdate(second, Y.encodeStateAsUpdate(first));
  const connect = (from: Y.Doc, to: Y.Doc) =>
    from.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== "network") Y.applyUpdate(to, update, "network");
    });
  connect(first, second);
  connect(second, first);
  return [seat(first), seat(second)];
}

function seat(doc: Y.Doc): Seat {
  const binding = bindDocument({ body: doc.getXmlFragment("default"), awareness: new Awareness(doc) });
  const state = EditorState.create({ schema: documentSchema(), plugins: binding.plugins });
  const view = new EditorView(document.createElement("div"), { state });
  views.push(view);
  return {
    doc,
    view,
    undo: () => binding.undo(view.state, view.dispatch),
    redo: () => binding.redo(view.state, view.dispatch),
  };
}

const type = ({ view }: Seat, at: number, text: string) => {
  const tr = view.state.tr.insertText(text, at);
  view.dispatch(tr.setSelection(TextSelection.create(tr.doc, at + text.length)));
};
const textOf = ({ view }: Seat) => view.state.doc.textContent;

it("shows what the document holds, and carries what is typed to the other", () => {
  const [ana, ben] = pair("middle");
  type(ana, 1, "start ");
  type(ben, 13, " end");
  expect([textOf(ana), textOf(ben)]).toEqual(["start middle end", "start middle end"]);
});

it("undo takes back the own text only, also where the other wrote into it, and redo brings it back", () => {
  const [ana, ben] = pair("middle");
  type(ana, 1, "ANA ");
  type(ben, 3, "ben");
  expect(textOf(ana)).toBe("ANbenA middle");
  expect(ana.undo()).toBe(true);
  expect([textOf(ana), textOf(ben)]).toEqual(["benmiddle", "benmiddle"]);
  expect(ana.undo()).toBe(false);
  expect(ana.redo()).toBe(true);
  expect(textOf(ben)).toContain("ben");
  expect(textOf(ben).replace("ben", "")).toBe("ANA middle");
  expect(ben.undo()).toBe(true);
  expect(textOf(ana)).toBe("ANA middle");
});

it("undo puts the caret where it was before the change", () => {
  const [ana, ben] = pair("middle");
  ana.view.dispatch(ana.view.state.tr.setSelection(TextSelection.create(ana.view.state.doc, 4)));
  type(ana, 4, "xyz");
  type(ben, 1, "12 ");
  ana.undo();
  expect(textOf(ana)).toBe("12 middle");
  expect(ana.view.state.selection.head).toBe(7);
});

it("a letter of somebody else before the caret moves the caret with its text", () => {
  const [ana, ben] = pair("middle");
  type(ana, 7, " end");
  expect(ana.view.state.selection.head).toBe(11);
  type(ben, 1, "start ");
  expect(ana.view.state.selection.head).toBe(17);
  type(ben, 4, "x");
  expect(ana.view.state.selection.head).toBe(18);
  ana.view.dispatch(ana.view.state.tr.insertText("!"));
  expect([textOf(ana), textOf(ben)]).toEqual(["staxrt middle end!", "staxrt middle end!"]);
});

it("a caret stays in its words when somebody else makes the paragraph a heading", () => {
  const [ana, ben] = pair("first", "second block");
  ana.view.dispatch(ana.view.state.tr.setSelection(TextSelection.create(ana.view.state.doc, 14)));
  const { schema, tr } = ben.view.state;
  ben.view.dispatch(tr.setBlockType(8, 8, schema.nodes.heading!, { id: "block00002", level: 2 }));
  expect(ana.view.state.doc.lastChild?.type.name).toBe("heading");
  expect(ana.view.state.selection.head).toBe(14);
});

it("a caret whose paragraph somebody else deletes stays in the document", () => {
  const [ana, ben] = pair("first", "second block");
  ana.view.dispatch(ana.view.state.tr.setSelection(TextSelection.create(ana.view.state.doc, 14)));
  ben.view.dispatch(ben.view.state.tr.delete(7, ben.view.state.doc.content.size));
  expect(textOf(ana)).toBe("first");
  ana.view.dispatch(ana.view.state.tr.insertText("!"));
  expect(textOf(ben)).toBe(textOf(ana));
});

it("asks without doing: undo is possible only after an own change", () => {
  const [ana, ben] = pair("middle");
  type(ben, 1, "theirs ");
  expect(ana.undo()).toBe(false);
  expect(textOf(ana)).toBe("theirs middle");
});
