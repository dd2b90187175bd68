import { history, undo } from "@tiptap/pm/history";
import type { Node, Slice } from "@tiptap/pm/model";
import { EditorState, TextSelection, type Transaction } from "@tiptap/pm/state";
import { describe, expect, test } from "vitest";
import { isBlockId } from "./attributes.ts";
import { assignBlockIds, blockIdPlugin, newBlockId } from "./block-ids.ts";
import { documentSchema } from "./schema.ts";

const { doc, paragraph, bulletList, listItem, text } = Object.fromEntries(
  Object.entries(documentSchema().nodes),
) as Record<string, import("@tiptap/pm/model").NodeType>;

const p = (id: string | null, words = ""): Node =>
  paragraph!.create({ id }, words ? text!.schema.text(words) : null);
const body = (...blocks: Node[]): Node => doc!.create(null, blocks);

function stateOf(document: Node): EditorState {
  let count = 0;
  return EditorState.create({ doc: document, plugins: [blockIdPlugin(() => `new${++count}`), history()] });
}

function idsOf(document: Node): unknown[] {
  const ids: unknown[] = [];
  document.descendants(node => {
    if (node.isBlock) ids.push(node.attrs.id);
  });
  return ids;
}

/** The ids after an edit. */
function after(document: Node, edit: (tr: Transaction, state: EditorState) => Transaction): unknown[] {
  const state = stateOf(document);
  return idsOf(state.apply(edit(state.tr, state)).doc);
}

describe("the editor", () => {
  test("gives the second half of a split block an id of its own", () => {
    expect(after(body(p("a", "one two"), p("b")), tr => tr.split(4))).toEqual(["a", "new1", "b"]);
  });

  test("gives both levels of a split list item ids of their own", () => {
    const list = bulletList!.create({ id: "l" }, listItem!.create({ id: "i" }, p("a", "one two")));
    expect(after(body(list), tr => tr.split(6, 2))).toEqual(["l", "i", "a", "new1", "new2"]);
  });

  test("gives inserted blocks ids", () => {
    expect(after(body(p("a"), p("b")), tr => tr.insert(2, [p(null, "x"), p(null, "y")]))).toEqual([
      "a",
      "new1",
      "new2",
      "b",
    ]);
  });

  test("keeps ids when it wraps and joins", () => {
    const list = bulletList!.create(null, listItem!.create(null, p("a")));
    expect(after(body(p("a"), p("b")), tr => tr.replaceWith(0, 2, list))).toEqual(["new1", "new2", "a", "b"]);
    expect(after(body(p("a", "x"), p("b", "y")), tr => tr.join(3))).toEqual(["a"]);
  });

  test("leaves a block without an id alone while somebody types in it", () => {
    expect(after(body(p(null, "x"), p("b")), tr => tr.insertText("y", 1))).toEqual([null, "b"]);
  });

  test("leaves what comes out of the Y.Doc alone", () => {
    expect(
      after(body(p("a", "one")), tr => tr.split(2).setMeta("y-sync$", { isChangeOrigin: true })),
    ).toEqual(["a", "a"]);
  });

  test("takes block and id back with one undo", () => {
    let state = stateOf(body(p("a", "one two")));
    state = state.apply(state.tr.setSelection(TextSelection.create(state.doc, 4)).split(4));
    expect(idsOf(state.doc)).toEqual(["a", "new1"]);
    undo(state, tr => {
      state = state.apply(tr);
    });
    expect(idsOf(state.doc)).toEqual(["a"]);
  });

  test("takes the ids off what is pasted", () => {
    const paste = blockIdPlugin().props.transformPasted as (slice: Slice) => Slice;
    const slice = paste(
      body(p("a", "x"), bulletList!.create({ id: "l" }, listItem!.create({ id: "i" }, p("b")))).slice(0, 9),
    );
    const ids: unknown[] = [];
    slice.content.descendants(node => {
      if (node.isBlock) ids.push(node.attrs.id);
    });
    expect(ids).toEqual([null, null, null, null]);
  });
});

describe("the server", () => {
  test("keeps good ids, replaces bad and repeated ones", () => {
    const json = {
      type: "doc",
      content: [
        { type: "paragraph", attrs: { id: "a" } },
        { type: "paragraph", attrs: { id: "a" } },
        { type: "paragraph", attrs: { id: "<b>" } },
        { type: "paragraph", content: [{ type: "text", text: "x" }] },
      ],
    };
    let count = 0;
    const ids = assignBlockIds(json, () => `n${++count}`).content?.map(block => block.attrs?.id);
    expect(ids).toEqual(["a", "n1", "n2", "n3"]);
    expect(json.content[3]).not.toHaveProperty("attrs");
  });

  test("makes ids that are ids, each another one", () => {
    const ids = Array.from({ length: 1000 }, newBlockId);
    expect(ids.every(isBlockId)).toBe(true);
    expect(ids.every(id => id.length === 10)).toBe(true);
    expect(new Set(ids).size).toBe(1000);
  });
});
