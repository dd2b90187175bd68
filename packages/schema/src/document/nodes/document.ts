export { Document } from "@tiptap/extension-document";
