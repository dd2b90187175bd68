import type { LooseNode } from "../document/fit.ts";
import { type HtmlToken, isHidden } from "./html-tokens.ts";
import { cellAttributesOfTag, imageOfTag, markOfTag } from "./inline-html.ts";

/** Tags that begin or end a line of text. */
const LINE_TAGS = new Set(
  "p div center section article header footer main nav aside address details summary figure figcaption picture ul ol li dl dt dd pre blockquote form fieldset".split(
    " ",
  ),
);
const IGNORED_TABLE_TAGS = new Set(["thead", "tbody", "tfoot", "colgroup", "col", "caption"]);

interface Frame {
  type: "body" | "table" | "row" | "cell";
  /** What a finished frame becomes; the body becomes nothing. */
  node: { type: string; attrs?: Record<string, unknown>; content: LooseNode[] };
}

/**
 * Collects the blocks of one level (a document, a quote, an item, a cell) from Markdown blocks and HTML tags in
 * their order. Tables may come as HTML around Markdown: `<td>`, blank line, Markdown, blank line, `</td>`.
 * What a tag leaves open is closed at the end.
 */
export class BlockBuilder {
  readonly #frames: Frame[] = [{ type: "body", node: { type: "doc", content: [] } }];
  /** Line under construction; undefined between lines. */
  #line: { type: string; attrs: Record<string, unknown>; content: LooseNode[] } | undefined;
  #hasBlock = false;
  /** Marks of HTML tags that are open, in their order. */
  #open: { name: string; mark: LooseNode | undefined }[] = [];
  #hidden: string[] = [];

  /** Begins a line: a paragraph or a heading. */
  start(type: string, attrs: Record<string, unknown> = {}): void {
    this.#flush();
    this.#line = { type, attrs, content: [] };
    this.#hasBlock = false;
  }

  /** Ends a line of Markdown, with the tags that were left open in it; an empty one stays only where `keepEmpty`. */
  end(keepEmpty = false): void {
    this.#flush(keepEmpty && !this.#hasBlock);
    this.#open = [];
    this.#hidden = [];
  }

  /** Adds a finished block. */
  add(block: LooseNode): void {
    this.#flush();
    this.#place().push(block);
  }

  text(text: string, marks: readonly LooseNode[] = []): void {
    if (text === "" || this.#hidden.length > 0) return;
    const open = this.#open.flatMap(({ mark }) => mark ?? []);
    this.#inline({ type: "text", text, marks: [...marks, ...open] });
  }

  hardBreak(): void {
    if (this.#hidden.length === 0) this.#inline({ type: "hardBreak" });
  }

  /** An image ends the line it stands in; the rest of the line goes on below it. */
  image(image: LooseNode): void {
    if (this.#hidden.length > 0) return;
    const { type, attrs } = this.#line ?? { type: "paragraph", attrs: {} };
    this.#flush();
    this.#place().push(image);
    this.#hasBlock = true;
    this.#line = { type, attrs, content: [] };
  }

  /** A tag or a text of HTML. */
  html(token: HtmlToken, marks: readonly LooseNode[] = []): void {
    if (token.type === "text") {
      const text = token.text.replace(/[ \t\r\n\f]+/g, " ");
      if (this.#line || text.trim() !== "") this.text(text, marks);
    } else if (isHidden(token.name)) {
      this.#hide(token);
    } else if (this.#hidden.length > 0) {
      return;
    } else if (token.type === "open") {
      this.#openTag(token.name, token.attributes);
    } else {
      this.#closeTag(token.name);
    }
  }

  /** Ends what a block of HTML left unfinished, except its tables, which may go on in the next one. */
  endOfHtmlBlock(): void {
    this.#flush();
    this.#open = [];
    this.#hidden = [];
  }

  /** All blocks; the builder is used up. */
  finish(): LooseNode[] {
    this.#flush();
    this.#closeTo(0);
    return this.#frames[0]?.node.content ?? [];
  }

  #hide(token: Exclude<HtmlToken, { type: "text" }>): void {
    if (token.type === "open") this.#hidden.push(token.name);
    else if (this.#hidden.includes(token.name)) this.#hidden.length = this.#hidden.lastIndexOf(token.name);
  }

  #openTag(name: string, attributes: ReadonlyMap<string, string>): void {
    if (name === "br") {
      this.hardBreak();
    } else if (name === "img") {
      const image = imageOfTag(attributes);
      if (image) this.image(image);
      else this.text(attributes.get("alt") ?? "");
    } else if (name === "hr") {
      this.add({ type: "horizontalRule" });
    } else if (/^h[1-6]$/.test(name)) {
      this.start("heading", { level: Number(name.charAt(1)) });
    } else if (name === "table") {
      this.#flush();
      this.#frames.push({ type: "table", node: { type: "table", content: [] } });
    } else if (name === "tr") {
      this.#closeInside("table");
      if (this.#frame.type === "table")
        this.#frames.push({ type: "row", node: { type: "tableRow", content: [] } });
    } else if (name === "td" || name === "th") {
      this.#openCell(name, attributes);
    } else if (LINE_TAGS.has(name)) {
      this.#flush();
    } else if (!IGNORED_TABLE_TAGS.has(name)) {
      this.#open.push({ name, mark: markOfTag(name, attributes) });
    }
  }

  #openCell(name: string, attributes: ReadonlyMap<string, string>): void {
    this.#closeInside("row");
    if (this.#frame.type === "table")
      this.#frames.push({ type: "row", node: { type: "tableRow", content: [] } });
    if (this.#frame.type !== "row") return;
    const type = name === "th" ? "tableHeader" : "tableCell";
    this.#frames.push({ type: "cell", node: { type, attrs: cellAttributesOfTag(attributes), content: [] } });
  }

  #closeTag(name: string): void {
    const frame = ({ table: "table", tr: "row", td: "cell", th: "cell" } as Record<string, Frame["type"]>)[
      name
    ];
    if (frame) {
      const at = this.#frames.findLastIndex(
        ({ type }) => type === frame || (type === "table" && frame !== "table"),
      );
      if (at > 0 && this.#frames[at]?.type === frame) this.#closeTo(at);
    } else if (LINE_TAGS.has(name) || /^h[1-6]$/.test(name)) {
      this.#flush();
    } else {
      const at = this.#open.findLastIndex(open => open.name === name);
      if (at !== -1) this.#open.splice(at, 1);
    }
  }

  get #frame(): Frame {
    const frame = this.#frames.at(-1);
    if (!frame) throw new TypeError("The body is never closed");
    return frame;
  }

  /** Closes the frames inside the innermost one of that type, as long as none of them is a table around it. */
  #closeInside(type: Frame["type"]): void {
    const at = this.#frames.findLastIndex(frame => frame.type === type || frame.type === "table");
    if (at > 0) this.#closeTo(at + 1);
  }

  /** Closes all frames from this index on; index 0, the body, stays. */
  #closeTo(index: number): void {
    this.#flush();
    while (this.#frames.length > Math.max(1, index)) {
      const frame = this.#frames.pop();
      if (frame) this.#frame.node.content.push(frame.node);
    }
  }

  #inline(node: LooseNode): void {
    this.#line ??= { type: "paragraph", attrs: {}, content: [] };
    this.#line.content.push(node);
  }

  /** Where a block goes. Between rows and cells there is no place for one: the schema makes one around it. */
  #place(): LooseNode[] {
    return this.#frame.node.content;
  }

  #flush(keepEmpty = false): void {
    const line = this.#line;
    this.#line = undefined;
    if (!line) return;
    line.content = trimmed(line.content);
    if (line.content.length > 0 || keepEmpty) this.#place().push(line);
  }
}

/** White space and breaks at both ends of a line mean nothing in Markdown and HTML. */
function trimmed(content: readonly LooseNode[]): LooseNode[] {
  const nodes = [...content];
  while (isBlank(nodes[0])) nodes.shift();
  while (isBlank(nodes.at(-1))) nodes.pop();
  const first = nodes[0];
  if (first) nodes[0] = retext(first, text => text.replace(/^[ \t\n]+/, ""));
  const last = nodes.at(-1);
  if (last) nodes[nodes.length - 1] = retext(last, text => text.replace(/[ \t\n]+$/, ""));
  return nodes;
}

function isBlank(node: LooseNode | undefined): boolean {
  if (!node || isCode(node)) return false;
  return node.type === "hardBreak" || (typeof node.text === "string" && /^[ \t\n]*$/.test(node.text));
}

function retext(node: LooseNode, change: (text: string) => string): LooseNode {
  return typeof node.text === "string" && !isCode(node) ? { ...node, text: change(node.text) } : node;
}

/** Inside code every space counts. */
function isCode(node: LooseNode): boolean {
  return Array.isArray(node.marks) && node.marks.some(mark => mark.type === "code");
}
