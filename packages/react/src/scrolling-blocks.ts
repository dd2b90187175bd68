import { Extension } from "@tiptap/core";
import type { Node } from "@tiptap/pm/model";
import { Plugin, PluginKey } from "@tiptap/pm/state";
import { Decoration, type DecorationAttrs, DecorationSet, type EditorView } from "@tiptap/pm/view";

/** What a block is called where it takes the focus. */
export interface BlockNames {
  table: string;
  codeBlock: string;
}

/**
 * Lets tables and code that are wider than the sheet be scrolled by keyboard. Where one may write, the caret scrolls
 * them: a block that took the focus would take it from the text at each click, so it only says that it is a part of
 * the text. Where one may only read, each block that is too wide takes the focus, and no other.
 */
export function scrollingBlocks(names: BlockNames): Extension {
  return Extension.create({
    name: "octavoScrollingBlocks",
    addProseMirrorPlugins() {
      const { options } = this.editor;
      const written = partsOfText();
      return [
        new Plugin<DecorationSet>({
          key: tooWide,
          state: {
            init: () => DecorationSet.empty,
            apply: (transaction, blocks) =>
              transaction.getMeta(tooWide) ?? blocks.map(transaction.mapping, transaction.doc),
          },
          props: {
            decorations: state => (options.editable ? written(state.doc) : tooWide.getState(state)),
          },
          view: view => watchWidths(view, names),
        }),
      ];
    },
  });
}

/** Decorations of the blocks that were too wide when they were measured last. */
const tooWide = new PluginKey<DecorationSet>("octavoTooWide");

/** Every scrolling block of a document as a part of the text; kept until there is another document. */
function partsOfText(): (document: Node) => DecorationSet {
  let last: { document: Node; blocks: DecorationSet } | undefined;
  return document => {
    if (last?.document !== document) {
      const blocks = findBlocks(document).map(block => decorate(block, { contenteditable: "true" }));
      last = { document, blocks: DecorationSet.create(document, blocks) };
    }
    return last.blocks;
  };
}

/** Measures after each change of the text or the window; only where nobody types, since measuring costs a layout. */
function watchWidths(view: EditorView, names: BlockNames) {
  let frame = 0;
  const measure = () => {
    if (view.editable) return;
    const { doc, tr } = view.state;
    const wide = findBlocks(doc).filter(({ position }) => scrolls(view.nodeDOM(position)));
    const known = tooWide.getState(view.state)?.find() ?? [];
    if (String(wide.map(({ position }) => position)) === String(known.map(({ from }) => from))) return;
    const decorations = wide.map(block => decorate(block, focusable(block.node, names)));
    view.dispatch(tr.setMeta(tooWide, DecorationSet.create(doc, decorations)));
  };
  const soon = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(measure);
  };
  const observer = new ResizeObserver(soon);
  observer.observe(view.dom);
  return {
    update: soon,
    destroy() {
      observer.disconnect();
      cancelAnimationFrame(frame);
    },
  };
}

interface Block {
  node: Node;
  position: number;
}

function findBlocks(document: Node): Block[] {
  const blocks: Block[] = [];
  document.descendants((node, position) => {
    if (isTable(node) || node.type.spec.code) blocks.push({ node, position });
    return !node.isTextblock;
  });
  return blocks;
}

function isTable(node: Node): boolean {
  return node.type.spec.tableRole === "table";
}

function scrolls(element: globalThis.Node | null): boolean {
  return element instanceof HTMLElement && element.scrollWidth > element.clientWidth;
}

function focusable(node: Node, names: BlockNames): DecorationAttrs {
  return { tabindex: "0", role: "group", "aria-label": isTable(node) ? names.table : names.codeBlock };
}

function decorate({ node, position }: Block, attributes: DecorationAttrs): Decoration {
  return Decoration.node(position, position + node.nodeSize, attributes);
}
