import { TableCell as TiptapTableCell } from "@tiptap/extension-table";
import { cellAttributes } from "./cell-attributes.ts";

/** A cell with blocks in it. */
export const TableCell = TiptapTableCell.extend({ addAttributes: cellAttributes });
