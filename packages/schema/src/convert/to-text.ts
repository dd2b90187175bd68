import type { Node } from "@tiptap/pm/model";
import { type Convertible, readable } from "./input.ts";

/**
 * The text a person would read aloud: a line for each paragraph, a blank line between top blocks, list markers,
 * cells joined by tabs, the alternative text of images. @throws CONVERSION_FAILED
 */
export function toText(document: Convertible): string {
  return [...readable(document).children]
    .map(block => blockLines(block).join("\n"))
    .filter(text => text.trim() !== "")
    .join("\n\n");
}

function blockLines(block: Node): string[] {
  if (block.isTextblock) return inlineText(block).split("\n");
  switch (block.type.name) {
    case "bulletList":
      return itemLines(block, () => "- ");
    case "orderedList":
      return itemLines(block, index => `${Number(block.attrs.start) + index}. `);
    case "taskList":
      return itemLines(block, (_, item) => (item.attrs.checked ? "[x] " : "[ ] "));
    case "tableRow":
      return [[...block.children].map(cell => cell.children.flatMap(blockLines).join(" ")).join("\t")];
    case "image":
      return block.attrs.alt ? [String(block.attrs.alt)] : [];
    default:
      return block.children.flatMap(blockLines);
  }
}

function itemLines(list: Node, marker: (index: number, item: Node) => string): string[] {
  return list.children.flatMap((item, index) => {
    const first = marker(index, item);
    const indent = " ".repeat(first.length);
    return item.children.flatMap(blockLines).map((line, at) => (at === 0 ? first : indent) + line);
  });
}

function inlineText(textblock: Node): string {
  return textblock.children.map(child => (child.isText ? (child.text ?? "") : "\n")).join("");
}
