import type { OpenDocument } from "@octavo/client";
import { bindDocument } from "@octavo/client/binding";
import { documentExtensions } from "@octavo/schema/document";
import { Extension, type Extensions } from "@tiptap/core";
import { Dropcursor, Gapcursor, Placeholder, Selection } from "@tiptap/extensions";
import { Plugin } from "@tiptap/pm/state";
import { type BlockNames, scrollingBlocks } from "./scrolling-blocks.ts";

/** What the keys of the text do outside the text. */
export interface EditorKeys {
  focusToolbar(): void;
  editLink(): void;
}

/** Words inside the text that are not the document's. */
export interface EditorTexts extends BlockNames {
  placeholder: string;
}

declare module "@tiptap/core" {
  interface Commands<ReturnType> {
    octavoHistory: {
      /** Takes back the last own change. */
      undo: () => ReturnType;
      redo: () => ReturnType;
    };
  }
  interface Storage {
    octavoHistory: { canUndo: () => boolean; canRedo: () => boolean };
  }
}

/** Everything an editor needs besides the document's own extensions, bound to one open document. */
export function editorExtensions(document: OpenDocument, texts: EditorTexts, keys: EditorKeys): Extensions {
  return [
    ...documentExtensions(),
    bindingTo(document),
    shortcuts(keys),
    scrollingBlocks(texts),
    Placeholder.configure({ placeholder: texts.placeholder, showOnlyWhenEditable: true }),
    Gapcursor,
    Dropcursor.configure({ color: "var(--octavo-accent)", width: 2 }),
    Selection.configure({ className: "octavo-own-selection" }),
  ];
}

function bindingTo(document: OpenDocument): Extension {
  const binding = bindDocument(document);
  return Extension.create({
    name: "octavoHistory",
    // Before every plugin that looks at what the binding did.
    priority: 1000,
    addStorage(): { canUndo: () => boolean; canRedo: () => boolean } {
      return { canUndo: () => false, canRedo: () => false };
    },
    onBeforeCreate() {
      const { editor } = this;
      this.storage.canUndo = () => binding.canUndo(editor.state);
      this.storage.canRedo = () => binding.canRedo(editor.state);
    },
    addProseMirrorPlugins: () => binding.plugins,
    addCommands() {
      // The binding dispatches by itself: a command's own step must not be dispatched around it.
      return {
        undo:
          () =>
          ({ tr, state, dispatch }) => {
            tr.setMeta("preventDispatch", true);
            return binding.undo(state, dispatch);
          },
        redo:
          () =>
          ({ tr, state, dispatch }) => {
            tr.setMeta("preventDispatch", true);
            return binding.redo(state, dispatch);
          },
      };
    },
    addKeyboardShortcuts() {
      return {
        "Mod-z": () => this.editor.commands.undo(),
        "Mod-y": () => this.editor.commands.redo(),
        "Shift-Mod-z": () => this.editor.commands.redo(),
      };
    },
  });
}

function shortcuts(keys: EditorKeys): Extension {
  return Extension.create({
    name: "octavoShortcuts",
    priority: 1000,
    addKeyboardShortcuts() {
      const done = (action: () => void) => () => {
        action();
        return true;
      };
      return {
        "Alt-F10": done(keys.focusToolbar),
        "Mod-k": done(keys.editLink),
        // Everything is saved as it is typed: only the browser's "save page as" is kept away.
        "Mod-s": () => true,
        "Mod-\\": () => this.editor.chain().focus().unsetAllMarks().clearNodes().run(),
      };
    },
    addProseMirrorPlugins: () => [
      new Plugin({
        props: {
          handleDOMEvents: {
            // On Windows AltGr is Ctrl+Alt: it types characters in many layouts and must not make headings.
            keydown: (_view, event) => event.getModifierState("AltGraph"),
          },
        },
      }),
    ],
  });
}
