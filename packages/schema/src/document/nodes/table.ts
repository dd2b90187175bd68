import { Table as TiptapTable } from "@tiptap/extension-table";
import { appendOnlyToOwn } from "../remote.ts";

/** A table. Its columns cannot be dragged wider yet; widths that came in are kept and shown. */
export const Table = TiptapTable.extend({
  addProseMirrorPlugins() {
    return (this.parent?.() ?? []).map(appendOnlyToOwn);
  },
}).configure({ resizable: false, renderWrapper: true });
