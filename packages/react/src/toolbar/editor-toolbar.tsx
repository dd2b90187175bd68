"use client";

import type { Editor } from "@tiptap/core";
import type { Ref } from "react";

/** What keys of the text do with the toolbar. */
export interface ToolbarHandle {
  focus(): void;
  editLink(): void;
}

export interface EditorToolbarProps {
  editor: Editor | null;
  isEditable: boolean;
  ref?: Ref<ToolbarHandle>;
}

export function EditorToolbar(_props: EditorToolbarProps) {
  return <div className="octavo-toolbar" role="toolbar" />;
}
