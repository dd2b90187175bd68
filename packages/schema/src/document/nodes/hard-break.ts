import { HardBreak as TiptapHardBreak } from "@tiptap/extension-hard-break";

/** A line break inside a block. Mod-Enter is kept free for the page break. */
export const HardBreak = TiptapHardBreak.extend({
  addKeyboardShortcuts() {
    return { "Shift-Enter": () => this.editor.commands.setHardBreak() };
  },
});
