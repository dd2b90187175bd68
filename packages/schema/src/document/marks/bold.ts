export { Bold } from "@tiptap/extension-bold";
