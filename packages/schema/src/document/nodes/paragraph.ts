export { Paragraph } from "@tiptap/extension-paragraph";
