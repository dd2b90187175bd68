import type { Editor } from "@tiptap/core";
import {
  Bold,
  Code,
  Italic,
  List,
  ListIndentDecrease,
  ListIndentIncrease,
  ListOrdered,
  ListTodo,
  type LucideIcon,
  Minus,
  Redo2,
  RemoveFormatting,
  SquareCode,
  Strikethrough,
  Subscript,
  Superscript,
  TextQuote,
  Underline,
  Undo2,
} from "lucide-react";
import type { Messages } from "../messages/en.ts";

/** A button that does one thing to the text. */
export interface Tool {
  id: string;
  group: string;
  rank: number;
  icon: LucideIcon;
  label: (messages: Messages) => string;
  /** Keys as [mac, elsewhere]. */
  keys?: readonly [string, string];
  /** Left out where the button is no switch. */
  isActive?: (editor: Editor) => boolean;
  isPossible?: (editor: Editor) => boolean;
  run: (editor: Editor) => void;
}

const ITEMS = ["taskItem", "listItem"] as const;
const itemOf = (editor: Editor) => ITEMS.find(name => editor.isActive(name)) ?? "listItem";

/** The plain buttons in the order of the toolbar; those with menus are in `editor-toolbar.tsx`. */
export const TOOLS: readonly Tool[] = [
  {
    id: "undo",
    group: "history",
    rank: 40,
    icon: Undo2,
    label: m => m.undo,
    keys: ["⌘Z", "Ctrl+Z"],
    isPossible: editor => editor.storage.octavoHistory.canUndo(),
    run: editor => editor.chain().focus().undo().run(),
  },
  {
    id: "redo",
    group: "history",
    rank: 41,
    icon: Redo2,
    label: m => m.redo,
    keys: ["⌘⇧Z", "Ctrl+Shift+Z"],
    isPossible: editor => editor.storage.octavoHistory.canRedo(),
    run: editor => editor.chain().focus().redo().run(),
  },
  {
    id: "bold",
    group: "marks",
    rank: 2,
    icon: Bold,
    label: m => m.bold,
    keys: ["⌘B", "Ctrl+B"],
    isActive: editor => editor.isActive("bold"),
    run: editor => editor.chain().focus().toggleBold().run(),
  },
  {
    id: "italic",
    group: "marks",
    rank: 3,
    icon: Italic,
    label: m => m.italic,
    keys: ["⌘I", "Ctrl+I"],
    isActive: editor => editor.isActive("italic"),
    run: editor => editor.chain().focus().toggleItalic().run(),
  },
  {
    id: "underline",
    group: "marks",
    rank: 30,
    icon: Underline,
    label: m => m.underline,
    keys: ["⌘U", "Ctrl+U"],
    isActive: editor => editor.isActive("underline"),
    run: editor => editor.chain().focus().toggleUnderline().run(),
  },
  {
    id: "strike",
    group: "marks",
    rank: 31,
    icon: Strikethrough,
    label: m => m.strike,
    keys: ["⌘⇧X", "Alt+Shift+5"],
    isActive: editor => editor.isActive("strike"),
    run: editor => editor.chain().focus().toggleStrike().run(),
  },
  {
    id: "code",
    group: "marks",
    rank: 32,
    icon: Code,
    label: m => m.code,
    keys: ["⌘E", "Ctrl+E"],
    isActive: editor => editor.isActive("code"),
    run: editor => editor.chain().focus().toggleCode().run(),
  },
  {
    id: "subscript",
    group: "marks",
    rank: 60,
    icon: Subscript,
    label: m => m.subscript,
    keys: ["⌘,", "Ctrl+,"],
    isActive: editor => editor.isActive("subscript"),
    run: editor => editor.chain().focus().unsetSuperscript().toggleSubscript().run(),
  },
  {
    id: "superscript",
    group: "marks",
    rank: 61,
    icon: Superscript,
    label: m => m.superscript,
    keys: ["⌘.", "Ctrl+."],
    isActive: editor => editor.isActive("superscript"),
    run: editor => editor.chain().focus().unsetSubscript().toggleSuperscript().run(),
  },
  {
    id: "bulletList",
    group: "lists",
    rank: 4,
    icon: List,
    label: m => m.bulletList,
    keys: ["⌘⇧8", "Ctrl+Shift+8"],
    isActive: editor => editor.isActive("bulletList"),
    run: editor => editor.chain().focus().toggleBulletList().run(),
  },
  {
    id: "orderedList",
    group: "lists",
    rank: 5,
    icon: ListOrdered,
    label: m => m.orderedList,
    keys: ["⌘⇧7", "Ctrl+Shift+7"],
    isActive: editor => editor.isActive("orderedList"),
    run: editor => editor.chain().focus().toggleOrderedList().run(),
  },
  {
    id: "taskList",
    group: "lists",
    rank: 6,
    icon: ListTodo,
    label: m => m.taskList,
    keys: ["⌘⇧9", "Ctrl+Shift+9"],
    isActive: editor => editor.isActive("taskList"),
    run: editor => editor.chain().focus().toggleTaskList().run(),
  },
  {
    id: "outdent",
    group: "lists",
    rank: 21,
    icon: ListIndentDecrease,
    label: m => m.outdent,
    keys: ["⌘[", "Ctrl+["],
    isPossible: editor => ITEMS.some(name => editor.isActive(name)),
    run: editor => editor.chain().focus().liftListItem(itemOf(editor)).run(),
  },
  {
    id: "indent",
    group: "lists",
    rank: 20,
    icon: ListIndentIncrease,
    label: m => m.indent,
    keys: ["⌘]", "Ctrl+]"],
    isPossible: editor => ITEMS.some(name => editor.isActive(name)),
    run: editor => editor.chain().focus().sinkListItem(itemOf(editor)).run(),
  },
  {
    id: "blockquote",
    group: "blocks",
    rank: 33,
    icon: TextQuote,
    label: m => m.quote,
    isActive: editor => editor.isActive("blockquote"),
    run: editor => editor.chain().focus().toggleBlockquote().run(),
  },
  {
    id: "codeBlock",
    group: "blocks",
    rank: 34,
    icon: SquareCode,
    label: m => m.codeBlock,
    isActive: editor => editor.isActive("codeBlock"),
    run: editor => editor.chain().focus().toggleCodeBlock().run(),
  },
  {
    id: "horizontalRule",
    group: "blocks",
    rank: 50,
    icon: Minus,
    label: m => m.rule,
    run: editor => editor.chain().focus().setHorizontalRule().run(),
  },
  {
    id: "clear",
    group: "clear",
    rank: 51,
    icon: RemoveFormatting,
    label: m => m.clear,
    keys: ["⌘\\", "Ctrl+\\"],
    run: editor => editor.chain().focus().unsetAllMarks().clearNodes().run(),
  },
];

/** A tool's name with its keys on this machine. */
export function nameWithKeys(label: string, keys: Tool["keys"], isMac: boolean): string {
  return keys === undefined ? label : `${label} (${isMac ? keys[0] : keys[1]})`;
}
