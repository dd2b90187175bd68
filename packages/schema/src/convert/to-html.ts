import type { DOMOutputSpec, Mark, Node } from "@tiptap/pm/model";
import { type Convertible, readable } from "./input.ts";

const VOID = new Set(["br", "col", "hr", "img", "input"]);
/** What ProseMirror's view puts at the end of a line without text, and what gives an empty line its height. */
const TRAILING_BREAK = '<br class="ProseMirror-trailingBreak">';

/**
 * The body as HTML with the very elements and attributes of the editor's own DOM, so that the page does not move
 * when the editor takes the place of the text. Everything is escaped; addresses and colours went through the
 * schema's tests. White space means what it means in the editor (`white-space: break-spaces`).
 * @throws CONVERSION_FAILED for nesting beyond LAYOUT.depthOut
 */
export function toHtml(document: Convertible): string {
  return childrenHtml(readable(document));
}

function childrenHtml(parent: Node): string {
  let html = "";
  let open: { mark: Mark; close: string }[] = [];
  const close = (keep: number) => {
    for (const { close } of open.slice(keep).reverse()) html += close;
    open = open.slice(0, keep);
  };
  parent.forEach(child => {
    let keep = 0;
    while (keep < open.length && keep < child.marks.length && open[keep]?.mark.eq(child.marks[keep]!)) keep++;
    close(keep);
    for (const mark of child.marks.slice(keep)) {
      const tags = tagsOf(specOf(mark, true));
      html += tags.open;
      open.push({ mark, close: tags.close });
    }
    html += child.isText ? escapeHtml(child.text ?? "") : nodeHtml(child);
  });
  close(0);
  return html;
}

function nodeHtml(node: Node): string {
  const { open, close, hole } = tagsOf(specOf(node, false));
  if (!hole) return open + close;
  return (
    open + childrenHtml(node) + (node.isTextblock && endsInEmptyLine(node) ? TRAILING_BREAK : "") + close
  );
}

function endsInEmptyLine(textblock: Node): boolean {
  const last = textblock.lastChild;
  return !last?.isText || last.text?.endsWith("\n") === true;
}

function specOf(value: Node | Mark, isMark: boolean): DOMOutputSpec {
  const toDOM = value.type.spec.toDOM as ((value: Node | Mark, inline: boolean) => DOMOutputSpec) | undefined;
  if (!toDOM) throw new TypeError(`${value.type.name} has no HTML`);
  return toDOM(value, isMark);
}

interface Tags {
  /** What comes before the content, or all of it where there is no place for content. */
  open: string;
  close: string;
  hole: boolean;
}

/** ProseMirror's output specification as text: `[tag, attributes?, ...children]`, 0 where the content goes. */
function tagsOf(spec: unknown): Tags {
  if (spec === 0) return { open: "", close: "", hole: true };
  if (typeof spec === "string") return { open: escapeHtml(spec), close: "", hole: false };
  if (!Array.isArray(spec) || typeof spec[0] !== "string") throw new TypeError("Not an output specification");
  const [tag, ...rest]: [string, ...unknown[]] = [spec[0], ...spec.slice(1)];
  const attributes = isAttributes(rest[0]) ? rest.shift() : undefined;
  const tags: Tags = { open: `<${tag}${attributesHtml(attributes)}>`, close: "", hole: false };
  for (const child of rest) {
    const inner = tagsOf(child);
    if (inner.hole) {
      tags.open += inner.open;
      tags.close = inner.close;
      tags.hole = true;
    } else if (tags.hole) {
      tags.close += inner.open + inner.close;
    } else {
      tags.open += inner.open + inner.close;
    }
  }
  if (!VOID.has(tag)) tags.close += `</${tag}>`;
  return tags;
}

function isAttributes(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function attributesHtml(attributes: unknown): string {
  return Object.entries(attributes ?? {})
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => ` ${name}="${escapeHtml(String(value))}"`)
    .join("");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\u0000": "",
};

/** Text that means itself both between tags and in a quoted attribute. */
export function escapeHtml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL has no form in HTML
  return text.replace(/[&<>"\u0000]/g, character => ESCAPES[character] ?? "");
}
