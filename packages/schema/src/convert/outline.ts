import type { Node } from "@tiptap/pm/model";
import { type Convertible, readable } from "./input.ts";

/** A heading of the document, in its order. */
export interface OutlineEntry {
  /** Block id of the heading; null where it has none yet. */
  id: string | null;
  level: number;
  text: string;
}

const SNIPPET_LENGTH = 200;

/** All headings with text, wherever they stand. @throws CONVERSION_FAILED */
export function outlineOf(document: Convertible): OutlineEntry[] {
  const entries: OutlineEntry[] = [];
  readable(document).descendants(node => {
    if (node.type.name !== "heading") return !node.isTextblock;
    const text = lineOf(node);
    if (text) entries.push({ id: node.attrs.id, level: node.attrs.level, text });
    return false;
  });
  return entries;
}

/** Text of the first heading of level 1. @throws CONVERSION_FAILED */
export function titleOf(document: Convertible): string | undefined {
  return outlineOf(document).find(entry => entry.level === 1)?.text;
}

/** The first words of the text on one line, without the heading that serves as title. @throws CONVERSION_FAILED */
export function snippetOf(document: Convertible, length: number = SNIPPET_LENGTH): string {
  let titleSeen = false;
  let text = "";
  readable(document).descendants(node => {
    if (text.length > length) return false;
    if (!node.isTextblock) return true;
    const isTitle = !titleSeen && node.type.name === "heading" && node.attrs.level === 1;
    titleSeen ||= isTitle;
    if (!isTitle) text = `${text} ${lineOf(node)}`.trim();
    return false;
  });
  if (text.length <= length) return text;
  const cut = text.slice(0, length);
  // Never half a surrogate pair, and a whole word where there is one.
  return `${cut.includes(" ") ? cut.slice(0, cut.lastIndexOf(" ")) : Array.from(cut).slice(0, -1).join("")}…`;
}

function lineOf(textblock: Node): string {
  return textblock.textBetween(0, textblock.content.size, " ", " ").replace(/\s+/g, " ").trim();
}
