import { TableHeader as TiptapTableHeader } from "@tiptap/extension-table";
import { cellAttributes } from "./cell-attributes.ts";

/** A header cell with blocks in it. */
export const TableHeader = TiptapTableHeader.extend({ addAttributes: cellAttributes });
