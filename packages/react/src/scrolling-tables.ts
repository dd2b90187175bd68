import { Extension } from "@tiptap/core";
import type { Node } from "@tiptap/pm/model";
import { Plugin } from "@tiptap/pm/state";
import { Decoration, type DecorationAttrs, DecorationSet } from "@tiptap/pm/view";

/**
 * Lets a table that is wider than the sheet be scrolled by keyboard. Where one may only read, it takes the focus for
 * that. Where one may write, the caret scrolls it: a table that took the focus would take it from the text at each
 * click, so it only says that it is a part of the text.
 */
export function scrollingTables(label: string): Extension {
  return Extension.create({
    name: "octavoScrollingTables",
    addProseMirrorPlugins() {
      const { options } = this.editor;
      let last: { document: Node; isEditable: boolean; tables: DecorationSet } | undefined;
      return [
        new Plugin({
          props: {
            decorations: ({ doc }) => {
              const isEditable = options.editable;
              if (last?.document !== doc || last.isEditable !== isEditable) {
                last = { document: doc, isEditable, tables: decorate(doc, attributesOf(isEditable, label)) };
              }
              return last.tables;
            },
          },
        }),
      ];
    },
  });
}

function attributesOf(isEditable: boolean, label: string): DecorationAttrs {
  return isEditable ? { contenteditable: "true" } : { tabindex: "0", role: "group", "aria-label": label };
}

function decorate(document: Node, attributes: DecorationAttrs): DecorationSet {
  const tables: Decoration[] = [];
  document.descendants((node, position) => {
    if (node.type.spec.tableRole === "table") {
      tables.push(Decoration.node(position, position + node.nodeSize, attributes));
    }
    return !node.isTextblock;
  });
  return DecorationSet.create(document, tables);
}
