"use client";

import type { OpenDocument } from "@octavo/client";
import { Editor } from "@tiptap/core";
import { type RefObject, useEffect, useRef, useState } from "react";
import { type EditorKeys, type EditorTexts, editorExtensions } from "./editor-extensions.ts";
import { useIsSynced } from "./hooks.ts";

export interface EditorSetup {
  /** Where the editor is put; stays the same element. */
  host: RefObject<HTMLElement | null>;
  isEditable: boolean;
  label: string;
  help: string;
  texts: EditorTexts;
  keys: EditorKeys;
}

/**
 * An editor on the document once it is here, until then null. Made in an effect and destroyed with it, so that a
 * component mounted twice has one at a time; React never renders inside it.
 */
export function useEditor(document: OpenDocument | undefined, setup: EditorSetup): Editor | null {
  const { host, isEditable, label, help } = setup;
  const { placeholder, table, codeBlock } = setup.texts;
  const [editor, setEditor] = useState<Editor | null>(null);
  const isSynced = useIsSynced(document);
  const latest = useRef(setup);
  useEffect(() => {
    latest.current = setup;
  });

  useEffect(() => {
    if (document === undefined || !isSynced || host.current === null) return;
    const made = new Editor({
      element: host.current,
      extensions: editorExtensions(
        document,
        { placeholder, table, codeBlock },
        {
          focusToolbar: () => latest.current.keys.focusToolbar(),
          editLink: () => latest.current.keys.editLink(),
        },
      ),
      editable: latest.current.isEditable,
      // Its rules are in our stylesheet: a style element would need a nonce.
      injectCSS: false,
      editorProps: { attributes: attributesOf(latest.current) },
    });
    setEditor(made);
    return () => {
      setEditor(null);
      made.destroy();
    };
  }, [document, isSynced, host, placeholder, table, codeBlock]);

  useEffect(() => {
    if (editor === null || editor.isDestroyed) return;
    editor.setEditable(isEditable, false);
    editor.setOptions({ editorProps: { attributes: attributesOf({ isEditable, label, help }) } });
  }, [editor, isEditable, label, help]);

  return editor;
}

function attributesOf(setup: Pick<EditorSetup, "isEditable" | "label" | "help">): Record<string, string> {
  return {
    class: "octavo-body",
    role: "textbox",
    "aria-multiline": "true",
    "aria-label": setup.label,
    "aria-readonly": String(!setup.isEditable),
    ...(setup.isEditable && { "aria-description": setup.help }),
    // Also a text that may only be read is reached and scrolled by keyboard.
    tabindex: "0",
  };
}
