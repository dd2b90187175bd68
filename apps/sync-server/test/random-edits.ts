import { documentSchema } from "@octavo/schema/document";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import type { Random } from "@octavo/test-kit";
import type { Mark, Node } from "@tiptap/pm/model";
import { canSplit, findWrapping, Transform } from "@tiptap/pm/transform";
import { initProseMirrorDoc, updateYFragment } from "@tiptap/y-tiptap";
import type { Doc } from "yjs";

/** Edits as an editor makes them: a ProseMirror transform on the real schema, written as y-tiptap writes it. */
export function randomEdit(document: Doc, random: Random): boolean {
  const fragment = document.getXmlFragment(BODY_FRAGMENT);
  const { doc, meta } = initProseMirrorDoc(fragment, documentSchema());
  const transform = new Transform(doc);
  const edit = doc.childCount === 0 ? insertBlock : random.weighted(EDITS);
  try {
    edit(transform, random);
    transform.doc.check();
  } catch (error) {
    // Not every place takes every edit; an editor would not have offered it.
    if (error instanceof RangeError || error instanceof TypeError) return false;
    throw error;
  }
  if (!transform.docChanged || transform.doc.eq(doc)) return false;
  document.transact(() => updateYFragment(document, fragment, transform.doc, meta), { source: "editor" });
  return true;
}

type Edit = (transform: Transform, random: Random) => void;

const EDITS: readonly (readonly [number, Edit])[] = [
  [10, insertText],
  [3, deleteRange],
  [4, toggleMark],
  [3, split],
  [2, setBlock],
  [2, insertBlock],
  [1, wrap],
];

function insertText(transform: Transform, random: Random): void {
  const at = textPosition(transform.doc, random);
  const marks = random.bool(0.3) ? [randomMark(random)] : [];
  transform.insert(at, documentSchema().text(textOf(random, random.int(1, 8)), marks));
}

function deleteRange(transform: Transform, random: Random): void {
  const [from, to] = range(transform.doc, random, 30);
  transform.deleteRange(from, to);
}

function toggleMark(transform: Transform, random: Random): void {
  const [from, to] = range(transform.doc, random, 20);
  const mark = randomMark(random);
  if (random.bool(0.7)) transform.addMark(from, to, mark);
  else transform.removeMark(from, to, mark.type);
}

function split(transform: Transform, random: Random): void {
  const at = textPosition(transform.doc, random);
  if (canSplit(transform.doc, at)) transform.split(at);
}

function setBlock(transform: Transform, random: Random): void {
  const { heading, paragraph, codeBlock } = documentSchema().nodes;
  const [from, to] = range(transform.doc, random, 5);
  const type = random.pick([heading!, paragraph!, codeBlock!]);
  transform.setBlockType(from, to, type, type === heading ? { level: random.int(1, 6) } : null);
}

function insertBlock(transform: Transform, random: Random): void {
  const at = blockBoundary(transform.doc, random);
  transform.insert(at, randomBlock(random));
}

function wrap(transform: Transform, random: Random): void {
  const { blockquote, bulletList } = documentSchema().nodes;
  const at = transform.doc.resolve(textPosition(transform.doc, random));
  const blocks = at.blockRange();
  const wrapping = blocks && findWrapping(blocks, random.pick([blockquote!, bulletList!]));
  if (blocks && wrapping && at.depth < 8) transform.wrap(blocks, wrapping);
}

function randomBlock(random: Random): Node {
  const schema = documentSchema();
  const text = () => schema.text(textOf(random, random.int(1, 12)));
  const paragraph = () => schema.node("paragraph", null, random.bool(0.8) ? [text()] : []);
  return random.weighted<() => Node>([
    [5, paragraph],
    [2, () => schema.node("heading", { level: random.int(1, 6) }, [text()])],
    [1, () => schema.node("horizontalRule")],
    [1, () => schema.node("blockquote", null, [paragraph()])],
    [1, () => schema.node("codeBlock", null, [text()])],
    [1, () => schema.node("bulletList", null, [schema.node("listItem", null, [paragraph()])])],
    [
      1,
      () =>
        schema.node("taskList", null, [schema.node("taskItem", { checked: random.bool() }, [paragraph()])]),
    ],
    [1, () => schema.node("image", { src: "https://example.org/a.png", alt: textOf(random, 4) })],
    [
      1,
      () => {
        const row = () =>
          schema.node("tableRow", null, [
            schema.node("tableCell", null, [paragraph()]),
            schema.node("tableCell", null, [paragraph()]),
          ]);
        return schema.node("table", null, [row(), row()]);
      },
    ],
  ])();
}

function randomMark(random: Random): Mark {
  const { bold, italic, underline, strike, link } = documentSchema().marks;
  return random.pick([
    bold!.create(),
    italic!.create(),
    underline!.create(),
    strike!.create(),
    link!.create({ href: "https://example.org/" }),
  ]);
}

/**
 * Without surrogate pairs: where an edit falls inside one, Yjs gives others a replacement character for each half
 * and leaves the halves as they are with the writer, which no server can mend.
 */
function textOf(random: Random, length: number): string {
  return random.text(length).replace(/[\u{10000}-\u{10ffff}]/gu, "€");
}

/** A place inside a text block. */
function textPosition(doc: Node, random: Random): number {
  const places: number[] = [];
  doc.descendants((node, position) => {
    if (node.isTextblock) places.push(position + 1 + random.int(0, node.content.size));
    return !node.isTextblock;
  });
  return random.pick(places);
}

function blockBoundary(doc: Node, random: Random): number {
  let position = 0;
  for (let index = random.int(0, doc.childCount); index > 0; index--)
    position += doc.child(index - 1).nodeSize;
  return position;
}

function range(doc: Node, random: Random, longest: number): [number, number] {
  const from = random.int(0, doc.content.size);
  return [from, Math.min(doc.content.size, from + random.int(1, longest))];
}
