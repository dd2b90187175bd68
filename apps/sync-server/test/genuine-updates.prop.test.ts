// @vitest-environment happy-dom
import { documentExtensions } from "@octavo/schema/document";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import { createRandom, type Random, seedMessage } from "@octavo/test-kit";
import { Editor, Extension } from "@tiptap/core";
import { Plugin } from "@tiptap/pm/state";
import { CellSelection, TableMap } from "@tiptap/pm/tables";
import { redo, undo, ySyncPlugin, yUndoPlugin } from "@tiptap/y-tiptap";
import { expect, test } from "vitest";
import {
  applyUpdate,
  Doc,
  encodeStateAsUpdate,
  encodeStateVector,
  getState,
  mergeUpdates,
  XmlElement,
  XmlText,
} from "yjs";
import { loadTrace } from "../../../bench/trace.ts";
import { type AdmissionView, judge } from "../src/sync/admit.ts";
import { knownNames } from "../src/sync/known-names.ts";
import { hasPending, keepFormatting } from "../src/sync/upstream-yjs.ts";
import { randomEdit } from "./random-edits.ts";

const LONG = process.env.OCTAVO_LONG === "1";
/** Of each kind; together a million in the long run. */
const COUNTS = LONG
  ? { keystrokes: 259_778, editors: 80_000, edits: 660_300 }
  : { keystrokes: 20_000, editors: 3_000, edits: 10_000 };

/** A room to which everything admitted is applied at once, and its count of what was judged. */
class Room implements AdmissionView {
  readonly document = new Doc();
  readonly names = knownNames;
  readonly bytes = 0;
  readonly #owners = new Map<number, string>();
  judged = 0;
  /** What must not be there; kept, since an editor may swallow what is thrown while it writes. */
  readonly refused: string[] = [];

  constructor() {
    keepFormatting(this.document);
  }

  clockOf = (client: number) => getState(this.document.store, client);
  waitingStruct = () => undefined;
  ownerOf = (client: number) => this.#owners.get(client);

  take(update: Uint8Array, actor: string, hint: () => string): void {
    this.judged++;
    const verdict = judge(this, update, actor);
    if (verdict.kind === "refuse" || verdict.kind === "hold") {
      this.refused.push(`${JSON.stringify(verdict)} for ${Buffer.from(update).toString("hex")}, ${hint()}`);
    }
    if (verdict.kind !== "append") return;
    for (const client of verdict.claims) this.#owners.set(client, actor);
    applyUpdate(this.document, verdict.update);
    if (hasPending(this.document)) this.refused.push(`kept aside by Yjs, ${hint()}`);
  }
}

/** People on one document; what one writes reaches the room at once and the others later. */
class Session {
  readonly room = new Room();
  readonly people: { document: Doc; actor: string; unseen: Uint8Array[] }[] = [];
  readonly #random: Random;
  readonly #hint: () => string;
  #last: Uint8Array[] = [];

  constructor(random: Random, hint: () => string) {
    this.#random = random;
    this.#hint = hint;
  }

  join(actor: string): Doc {
    const document = new Doc();
    applyUpdate(document, encodeStateAsUpdate(this.room.document), "network");
    const person = { document, actor, unseen: [] as Uint8Array[] };
    document.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === "network") return;
      this.room.take(update, actor, this.#hint);
      for (const other of this.people) if (other !== person) other.unseen.push(update);
      this.#last = [...this.#last.slice(-3), update];
    });
    this.people.push(person);
    return document;
  }

  /** Now and then somebody gets what the others wrote, or comes back and sends all that the server may lack. */
  settle(): void {
    for (const { document, actor, unseen } of this.people) {
      if (this.#random.bool(0.3)) {
        for (const update of unseen.splice(0)) applyUpdate(document, update, "network");
      }
      if (this.#random.bool(0.02)) {
        const known = encodeStateVector(this.room.document);
        this.room.take(
          encodeStateAsUpdate(document, this.#random.bool() ? known : undefined),
          actor,
          this.#hint,
        );
      }
    }
    if (this.#last.length > 1 && this.people.length === 1 && this.#random.bool(0.02)) {
      this.room.take(mergeUpdates(this.#last), this.people[0]!.actor, this.#hint);
    }
  }
}

test(`G1 no keystroke of a long session is refused`, { timeout: 900_000 }, async () => {
  const { edits, name } = await loadTrace(COUNTS.keystrokes);
  const session = new Session(createRandom(1), () => name);
  const document = session.join("user:author");
  const text = new XmlText();
  const paragraph = new XmlElement("paragraph");
  paragraph.insert(0, [text]);
  document.getXmlFragment(BODY_FRAGMENT).insert(0, [paragraph]);
  for (const [position, deleted, inserted] of edits) {
    document.transact(() => {
      if (deleted > 0) text.delete(position, deleted);
      if (inserted !== "") text.insert(position, inserted);
    });
  }
  expect(session.room.refused).toEqual([]);
  expect(session.room.judged).toBeGreaterThanOrEqual(COUNTS.keystrokes);
  expect(session.room.document.getXmlFragment(BODY_FRAGMENT).toString()).toBe(
    document.getXmlFragment(BODY_FRAGMENT).toString(),
  );
});

test("G1 no edit of the body, of any kind, by several people, is refused", { timeout: 3_600_000 }, () => {
  const random = createRandom();
  let judged = 0;
  for (let round = 0; judged < COUNTS.edits; round++) {
    const one = random.fork(`round ${round}`);
    const session = new Session(one, () => `${seedMessage(random)}, round ${round}`);
    const documents = ["user:a", "user:b", "guest:c"].map(actor => session.join(actor));
    for (let i = 0; i < 120; i++) {
      randomEdit(one.pick(documents), one);
      session.settle();
    }
    expect(session.room.refused).toEqual([]);
    judged += session.room.judged;
  }
});

test("G1 nothing that editors do is refused", { timeout: 3_600_000 }, async () => {
  const random = createRandom();
  const done = new Map<string, number>();
  let judged = 0;
  for (let round = 0; judged < COUNTS.editors; round++) {
    const one = random.fork(`round ${round}`);
    const session = new Session(one, () => `${seedMessage(random)}, round ${round}`);
    const editors = ["user:a", "user:b"].map(actor => editorOn(session.join(actor)));
    for (let i = 0; i < 150; i++) {
      const editor = one.pick(editors);
      const [name, act] = one.weighted(ACTIONS.map(action => [action[0], action] as const)).slice(1) as [
        string,
        Action,
      ];
      const before = session.room.judged;
      attempt(() => placeCaret(editor, one));
      attempt(() => act(editor, one));
      if (session.room.judged > before) done.set(name, (done.get(name) ?? 0) + 1);
      // Stock y-tiptap throws at some changes of others, too.
      attempt(() => session.settle());
    }
    for (const editor of editors) editor.destroy();
    expect(session.room.refused).toEqual([]);
    judged += session.room.judged;
    // What the editors left for later holds them in memory until it has run.
    await new Promise(resolve => setTimeout(resolve, 0));
  }
  const without = ACTIONS.map(([, name]) => name).filter(name => !done.has(name));
  // A short run may miss what is rare.
  expect(without.length, `${without}, ${seedMessage(random)}`).toBeLessThanOrEqual(LONG ? 0 : 15);
});

/** Not every place takes every edit, and an editor may throw at it; what it sent until then counts. */
function attempt(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

/** Plugins that answer each other without end are cut off: Tiptap's `clearDocument` and the block ids can be such. */
const MAX_ANSWERS = 30;

function editorOn(document: Doc): Editor {
  const body = document.getXmlFragment(BODY_FRAGMENT);
  let answers = 0;
  const bounded = new Plugin({ filterTransaction: () => ++answers <= MAX_ANSWERS });
  const binding = Extension.create({
    name: "binding",
    addProseMirrorPlugins: () => [ySyncPlugin(body), yUndoPlugin(), bounded],
  });
  const editor = new Editor({
    element: globalThis.document.createElement("div"),
    extensions: [...documentExtensions(), binding],
  });
  editor.on("beforeTransaction", () => {
    answers = 0;
  });
  return editor;
}

/** Somewhere in the text, often with something selected. */
function placeCaret(editor: Editor, random: Random): void {
  const { size } = editor.state.doc.content;
  const from = random.int(0, size);
  const to = random.bool(0.5) ? from : Math.min(size, from + random.int(1, 20));
  editor.commands.setTextSelection({ from, to });
}

type Action = (editor: Editor, random: Random) => unknown;

/** By weight and name; each must have changed something in a run. */
const ACTIONS: readonly (readonly [weight: number, name: string, act: Action])[] = [
  [
    30,
    "type",
    (editor, random) => type(editor, random.text(random.int(1, 6)).replace(/[\u{10000}-\u{10ffff}]/gu, "€")),
  ],
  [8, "Enter", editor => key(editor, "Enter")],
  [6, "Backspace", editor => editor.commands.deleteSelection() || key(editor, "Backspace")],
  [3, "Delete", editor => key(editor, "Delete")],
  [3, "Tab", editor => key(editor, "Tab")],
  [2, "line break", editor => editor.commands.setHardBreak()],
  [3, "bold", editor => editor.commands.toggleBold()],
  [2, "italic", editor => editor.commands.toggleItalic()],
  [1, "underline", editor => editor.commands.toggleUnderline()],
  [1, "strike", editor => editor.commands.toggleStrike()],
  [1, "code", editor => editor.commands.toggleCode()],
  [1, "subscript", editor => editor.commands.toggleSubscript()],
  [1, "superscript", editor => editor.commands.toggleSuperscript()],
  [
    2,
    "highlight",
    (editor, random) => editor.commands.toggleHighlight({ color: random.pick(["#ffee00", "#aabbcc"]) }),
  ],
  [1, "colour", (editor, random) => editor.commands.setColor(random.pick(["#112233", "#445566"]))],
  [
    2,
    "link",
    (editor, random) =>
      editor.commands.setLink({
        href: random.pick(["https://a.b/c?d=e#f", "mailto:a@b.c", "tel:+49123", "#h-abc"]),
      }),
  ],
  [1, "no link", editor => editor.commands.unsetLink()],
  [1, "no marks", editor => editor.commands.unsetAllMarks()],
  [
    3,
    "heading",
    (editor, random) => editor.commands.toggleHeading({ level: random.pick([1, 2, 3, 4, 5, 6]) }),
  ],
  [3, "bullet list", editor => editor.commands.toggleBulletList()],
  [3, "ordered list", editor => editor.commands.toggleOrderedList()],
  [3, "task list", editor => editor.commands.toggleTaskList()],
  [2, "check", editor => editor.commands.updateAttributes("taskItem", { checked: true })],
  [
    1,
    "start",
    (editor, random) => editor.commands.updateAttributes("orderedList", { start: random.int(1, 99) }),
  ],
  [3, "quote", editor => editor.commands.toggleBlockquote()],
  [
    2,
    "code block",
    (editor, random) =>
      editor.commands.toggleCodeBlock({ language: random.pick(["ts", "c++", "objective-c"]) }),
  ],
  [1, "rule", editor => editor.commands.setHorizontalRule()],
  [
    2,
    "image",
    (editor, random) =>
      editor.commands.setImage({
        src: random.pick(["https://a.b/c.png", "/api/v1/attachments/abc"]),
        alt: random.text(4),
      }),
  ],
  [
    1,
    "image size",
    (editor, random) => editor.commands.updateAttributes("image", { width: random.int(1, 900) }),
  ],
  [
    3,
    "table",
    (editor, random) =>
      editor.commands.insertTable({
        rows: random.int(1, 3),
        cols: random.int(1, 3),
        withHeaderRow: random.bool(),
      }),
  ],
  [2, "row", editor => editor.commands.addRowAfter()],
  [2, "column", editor => editor.commands.addColumnBefore()],
  [1, "no row", editor => editor.commands.deleteRow()],
  [1, "no column", editor => editor.commands.deleteColumn()],
  [2, "header cells", editor => editor.commands.toggleHeaderRow()],
  [3, "merge cells", (editor, random) => selectCells(editor, random) && editor.commands.mergeCells()],
  [2, "split cell", editor => editor.commands.splitCell()],
  [
    2,
    "cell attribute",
    (editor, random) => editor.commands.setCellAttribute("align", random.pick(["left", "center", "right"])),
  ],
  [
    1,
    "column width",
    (editor, random) => editor.commands.updateAttributes("tableCell", { colwidth: [random.int(0, 500)] }),
  ],
  [4, "paste", (editor, random) => editor.view.pasteHTML(random.pick(PASTED))],
  [2, "paste text", (editor, random) => editor.view.pasteText(`${random.text(5)}\n\n${random.text(5)}`)],
  [2, "cut", editor => editor.commands.deleteSelection()],
  [5, "undo", editor => undo(editor.state)],
  [3, "redo", editor => redo(editor.state)],
];

const PASTED = [
  '<p>plain <b>bold</b> <i>both <u>of</u></i> <a href="https://a.b">link</a> <span style="color: #f00; background: yellow">colour</span></p>',
  '<h2>Title</h2><ul><li>one<ul><li>two</li></ul></li></ul><ol start="7" type="a"><li>x</li></ol>',
  '<table><tr><th colspan="2" width="120">head</th></tr><tr><td rowspan="9">a</td><td colspan="1000" align="right">b</td></tr></table>',
  '<a href="javascript:alert(1)">not a link</a><img src="javascript:alert(1)" width="1e9"><img src="https://a.b/c.png" alt="ok" width="20">',
  '<pre><code class="language-rust">fn main() {}</code></pre><blockquote><p>quote</p></blockquote><hr>',
  '<ul data-type="taskList"><li data-type="taskItem" data-checked="true"><p>done</p></li></ul>',
  "<script>alert(1)</script><div onclick='x'>text<br>more<sub>2</sub><sup>3</sup><code>c</code><s>gone</s></div>",
];

function type(editor: Editor, text: string): void {
  const { from, to } = editor.state.selection;
  const handled = editor.view.someProp("handleTextInput", handle =>
    handle(editor.view, from, to, text, () => editor.state.tr.insertText(text, from, to)),
  );
  if (!handled) editor.view.dispatch(editor.state.tr.insertText(text));
}

function key(editor: Editor, name: string): boolean {
  return editor.commands.keyboardShortcut(name);
}

function selectCells(editor: Editor, random: Random): boolean {
  let table: { pos: number; map: TableMap } | undefined;
  editor.state.doc.descendants((node, pos) => {
    if (node.type.name === "table" && (table === undefined || random.bool()))
      table = { pos, map: TableMap.get(node) };
    return node.type.name !== "table";
  });
  if (table === undefined) return false;
  const at = () => table!.pos + 1 + random.pick(table!.map.map.filter(offset => offset > 0));
  editor.view.dispatch(editor.state.tr.setSelection(CellSelection.create(editor.state.doc, at(), at())));
  return true;
}
