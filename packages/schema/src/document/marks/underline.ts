export { Underline } from "@tiptap/extension-underline";
