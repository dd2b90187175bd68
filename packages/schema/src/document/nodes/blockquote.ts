export { Blockquote } from "@tiptap/extension-blockquote";
