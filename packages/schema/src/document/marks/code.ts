export { Code } from "@tiptap/extension-code";
