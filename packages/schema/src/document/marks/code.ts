import { Code as TiptapCode } from "@tiptap/extension-code";

/** Code inside a line. Unlike Tiptap's it may also be bold, a link and so on: documents in Markdown have both. */
export const Code = TiptapCode.extend({ excludes: "code" });
