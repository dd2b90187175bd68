import { isMacOS } from "@tiptap/core";
import { Strike as TiptapStrike } from "@tiptap/extension-strike";

/** Struck text. Tiptap's key means "save as" elsewhere: ours are those of the keyboard table. */
export const Strike = TiptapStrike.extend({
  addKeyboardShortcuts() {
    const toggle = () => this.editor.commands.toggleStrike();
    return isMacOS() ? { "Mod-Shift-x": toggle } : { "Alt-Shift-5": toggle };
  },
});
