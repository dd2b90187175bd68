import { Extension, type JSONContent } from "@tiptap/core";
import { Fragment, type Node, Slice } from "@tiptap/pm/model";
import { type EditorState, Plugin, PluginKey, type Transaction } from "@tiptap/pm/state";
import { ReplaceAroundStep, ReplaceStep } from "@tiptap/pm/transform";
import { isBlockId, nullOr, validator } from "./attributes.ts";
import { isFromYjs } from "./remote.ts";

/**
 * Every block has an `id`, unique in its document: anchors of headings, comments on blocks and the comparison of
 * versions need it. Content gets its ids on the server when it is created or imported (`assignBlockIds`); the
 * editor gives ids only to blocks that a person just made. A walk over the whole document is never needed.
 */
export const BLOCK_NODES = [
  "paragraph",
  "heading",
  "bulletList",
  "orderedList",
  "listItem",
  "taskList",
  "taskItem",
  "blockquote",
  "codeBlock",
  "table",
  "tableRow",
  "tableCell",
  "tableHeader",
  "image",
  "horizontalRule",
] as const;

const isBlockName = (name: string | undefined): boolean => (BLOCK_NODES as readonly unknown[]).includes(name);
const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** 58^10 values: among the 100,000 blocks of a very large document a clash has a chance of 1 in 10^8. */
const ID_LENGTH = 10;

/** A new id for a block, from the platform's cryptographic random source. */
export function newBlockId(): string {
  let id = "";
  while (id.length < ID_LENGTH) {
    for (const byte of crypto.getRandomValues(new Uint8Array(2 * ID_LENGTH))) {
      // Of the 64 values of six bits the last six are thrown away, so that each letter is equally likely.
      if (id.length < ID_LENGTH) id += ALPHABET.charAt(byte & 63);
    }
  }
  return id;
}

/** The same content in which every block has an id and no id occurs twice; ids that are good are kept. */
export function assignBlockIds(content: JSONContent, newId: () => string = newBlockId): JSONContent {
  const seen = new Set<string>();
  const assign = (node: JSONContent): JSONContent => {
    const children = node.content && { content: node.content.map(assign) };
    if (!isBlockName(node.type)) return { ...node, ...children };
    return { ...node, attrs: { ...node.attrs, id: own(node.attrs?.id) }, ...children };
  };
  const own = (id: unknown): string => {
    let unique = isBlockId(id) && !seen.has(id) ? id : newId();
    while (seen.has(unique)) unique = newId();
    seen.add(unique);
    return unique;
  };
  return assign(content);
}

/** The attribute `id`, and the plugin that gives one to each new block of the person at this editor. */
export const BlockIds = Extension.create({
  name: "blockIds",

  addGlobalAttributes() {
    return [
      {
        types: [...BLOCK_NODES],
        attributes: {
          id: {
            default: null,
            // The second half of a split block is a new block.
            keepOnSplit: false,
            validate: validator("id", nullOr(isBlockId)),
            parseHTML: element => {
              const id = element.getAttribute("data-id");
              return isBlockId(id) ? id : undefined;
            },
            renderHTML: ({ id }) => (isBlockId(id) ? { "data-id": id } : {}),
          },
        },
      },
    ];
  },

  addProseMirrorPlugins() {
    return [blockIdPlugin()];
  },
});

/** Gives ids to new blocks in the same dispatch that made them, so that one undo takes both back. */
export function blockIdPlugin(newId: () => string = newBlockId): Plugin {
  return new Plugin({
    key: new PluginKey("blockIds"),
    appendTransaction(transactions, _oldState, newState) {
      if (transactions.some(isFromYjs)) return null;
      return identify(newState, rangesWithNewBlocks(transactions), newId);
    },
    props: {
      // What is pasted is a copy: the original may still be here, and keeps its ids.
      transformPasted: slice => new Slice(withoutIds(slice.content), slice.openStart, slice.openEnd),
    },
  });
}

/** Where, in the newest document, steps put in anything else than text: typing yields nothing and costs nothing. */
function rangesWithNewBlocks(transactions: readonly Transaction[]): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  transactions.forEach((transaction, index) => {
    transaction.steps.forEach((step, stepIndex) => {
      if (!(step instanceof ReplaceStep || step instanceof ReplaceAroundStep) || !hasBlocks(step.slice))
        return;
      const later = transaction.mapping.slice(stepIndex + 1);
      step.getMap().forEach((_oldFrom, _oldTo, newFrom, newTo) => {
        let from = later.map(newFrom, -1);
        let to = later.map(newTo, 1);
        for (const next of transactions.slice(index + 1)) {
          from = next.mapping.map(from, -1);
          to = next.mapping.map(to, 1);
        }
        ranges.push({ from, to });
      });
    });
  });
  return ranges;
}

function hasBlocks(slice: Slice): boolean {
  let found = false;
  slice.content.forEach(node => {
    found ||= !node.isInline;
  });
  return found;
}

function identify(
  state: EditorState,
  ranges: readonly { from: number; to: number }[],
  newId: () => string,
): Transaction | null {
  if (ranges.length === 0) return null;
  const { tr, doc } = state;
  const owners = new Map<unknown, number>();
  for (const { from, to } of ranges) {
    doc.nodesBetween(Math.max(0, from - 1), Math.min(doc.content.size, to + 1), (node, position) => {
      if (!isBlockName(node.type.name)) return true;
      const { id } = node.attrs;
      const owner = owners.get(id);
      // A split leaves the id on both halves: the first keeps it.
      if (id === null || (owner !== undefined && owner !== position)) {
        if (!owners.has(position)) tr.setNodeAttribute(position, "id", newId());
        owners.set(position, position);
      } else {
        owners.set(id, position);
      }
      return true;
    });
  }
  return tr.docChanged ? tr : null;
}

function withoutIds(content: Fragment): Fragment {
  const nodes: Node[] = [];
  content.forEach(node => {
    const children = withoutIds(node.content);
    nodes.push(
      isBlockName(node.type.name)
        ? node.type.create({ ...node.attrs, id: null }, children, node.marks)
        : node.copy(children),
    );
  });
  return Fragment.fromArray(nodes);
}
