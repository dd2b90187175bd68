import { HardBreak as TiptapHardBreak } from "@tiptap/extension-hard-break";

/** A line break inside a block. Mod-Enter is kept free for the page break. */
export const HardBreak = TiptapHardBreak.extend({
  parseHTML() {
    // What the editor's view (and toHtml) puts at the end of a line so that it has a height is no content.
    return [{ tag: "br.ProseMirror-trailingBreak", ignore: true }, { tag: "br" }];
  },

  addKeyboardShortcuts() {
    return { "Shift-Enter": () => this.editor.commands.setHardBreak() };
  },
});
