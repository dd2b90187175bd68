export { TableRow } from "@tiptap/extension-table";
