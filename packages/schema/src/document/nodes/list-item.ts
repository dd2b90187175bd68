import { ListItem as TiptapListItem } from "@tiptap/extension-list";

/** An item of a bullet or numbered list: a paragraph, then any blocks. */
export const ListItem = TiptapListItem.extend({
  addKeyboardShortcuts() {
    return {
      ...this.parent?.(),
      "Mod-]": () => this.editor.commands.sinkListItem(this.name),
      "Mod-[": () => this.editor.commands.liftListItem(this.name),
    };
  },
});
