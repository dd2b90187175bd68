export { BulletList } from "@tiptap/extension-list";
