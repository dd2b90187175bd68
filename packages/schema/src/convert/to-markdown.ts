import type { Mark, Node } from "@tiptap/pm/model";
import type { ListItem, PhrasingContent, RootContent, TableRow } from "mdast";
import remarkGfm from "remark-gfm";
import remarkStringify from "remark-stringify";
import { unified } from "unified";
import { type Convertible, readable } from "./input.ts";
import { escapeHtml } from "./to-html.ts";

const writer = unified()
  .use(remarkGfm)
  .use(remarkStringify, { bullet: "-", rule: "-", fences: true, listItemIndent: "one", resourceLink: false });

/**
 * The document as Markdown that `fromMarkdown` reads back: CommonMark with GitHub's tables, checklists and
 * strikethrough; underline, colour, highlight, sub- and superscript, line breaks in headings and cells, sizes of
 * images and tables beyond GitHub's as the HTML tags of `inline-html.ts`.
 *
 * Not written: block ids, empty paragraphs, white space at the ends of a line, letters and roman numerals as
 * numbering of a list. Addresses that are plain text become links when they are read. @throws CONVERSION_FAILED for nesting beyond LAYOUT.depthOut
 */
export function toMarkdown(document: Convertible): string {
  return writer.stringify({ type: "root", children: blocksOf(readable(document)) });
}

function blocksOf(parent: Node): RootContent[] {
  return parent.children.flatMap(blockOf);
}

function blockOf(node: Node): RootContent[] {
  switch (node.type.name) {
    case "paragraph": {
      const children = phrasing(node, true);
      return children.length > 0 ? [{ type: "paragraph", children }] : [];
    }
    case "heading":
      return [{ type: "heading", depth: node.attrs.level, children: phrasing(node, false) }];
    case "blockquote":
      return [{ type: "blockquote", children: blocksOf(node) as never }];
    case "codeBlock":
      return [{ type: "code", lang: node.attrs.language, value: node.textContent }];
    case "bulletList":
    case "orderedList":
    case "taskList": {
      const ordered = node.type.name === "orderedList";
      const children = node.children.map(itemOf);
      return [
        { type: "list", ordered, ...(ordered && { start: node.attrs.start }), spread: false, children },
      ];
    }
    case "table":
      return isPlainTable(node) ? [plainTable(node)] : htmlTable(node);
    case "image":
      return imageOf(node);
    case "horizontalRule":
      return [{ type: "thematicBreak" }];
    default:
      throw new TypeError(`${node.type.name} has no Markdown`);
  }
}

function itemOf(item: Node): ListItem {
  const isTask = item.type.name === "taskItem";
  const blocks = blocksOf(item);
  const [first, ...rest] = blocks;
  // Without a blank line after it, what follows a line of nothing but a tag belongs to the tag.
  const isTagLine =
    first?.type === "paragraph" && first.children.length === 1 && first.children[0]?.type === "html";
  // Nor may a list follow a line at once that does not begin with text: an empty item does not end a paragraph.
  const isTight =
    rest.every(beginsWithText) &&
    (!first || beginsWithText(first) || (first.type === "paragraph" && !isTagLine));
  if (isTask && first?.type !== "paragraph") {
    // An empty task has no sign in Markdown: the box alone is what fromMarkdown takes for one.
    blocks.unshift({
      type: "paragraph",
      children: [{ type: "html", value: item.attrs.checked ? "[x]" : "[ ]" }],
    });
  }
  const checked = isTask && first?.type === "paragraph" ? item.attrs.checked === true : null;
  return { type: "listItem", checked, spread: !isTight, children: blocks as never };
}

function beginsWithText(block: RootContent): boolean {
  return block.type === "list" && block.children[0]?.children[0]?.type === "paragraph";
}

function imageOf(node: Node): RootContent[] {
  const { src, alt, title, width, height } = node.attrs;
  if (src === null) return alt ? [{ type: "paragraph", children: [{ type: "text", value: alt }] }] : [];
  const image: PhrasingContent =
    width === null && height === null
      ? { type: "image", url: src, alt: alt ?? "", title }
      : { type: "html", value: `<img${attributesOf({ src, alt, title, width, height })}>` };
  return [{ type: "paragraph", children: [image] }];
}

/** What GitHub's tables can hold: one header row on top, cells of one line, one alignment a column. */
function isPlainTable(table: Node): boolean {
  const columns = table.firstChild?.childCount ?? 0;
  return table.children.every(
    (row, index) =>
      row.childCount === columns &&
      row.children.every(
        (cell, column) =>
          (cell.type.name === "tableHeader") === (index === 0) &&
          cell.attrs.colspan === 1 &&
          cell.attrs.rowspan === 1 &&
          cell.attrs.colwidth === null &&
          cell.attrs.align === table.firstChild?.child(column).attrs.align &&
          cell.childCount === 1 &&
          cell.firstChild?.type.name === "paragraph" &&
          !hasUnsayableCode(cell.firstChild),
      ),
  );
}

/** In code of a cell, GitHub reads `\\|` as `|`, and there is no other way to write it. */
function hasUnsayableCode(line: Node): boolean {
  return line.children.some(
    ({ marks, text }) => text?.includes("\\|") && marks.some(mark => mark.type.name === "code"),
  );
}

function plainTable(table: Node): RootContent {
  const rows = table.children.map(
    (row): TableRow => ({
      type: "tableRow",
      children: row.children.map(cell => ({
        type: "tableCell",
        children: cell.firstChild ? phrasing(cell.firstChild, false) : [],
      })),
    }),
  );
  return {
    type: "table",
    align: table.firstChild?.children.map(cell => cell.attrs.align) ?? [],
    children: rows,
  };
}

/** Tags around Markdown: a blank line between a tag and a block makes the block Markdown again. */
function htmlTable(table: Node): RootContent[] {
  const nodes: RootContent[] = [];
  let tags = "<table>";
  for (const row of table.children) {
    tags += "\n<tr>";
    for (const cell of row.children) {
      const name = cell.type.name === "tableHeader" ? "th" : "td";
      tags += `\n<${name}${cellAttributes(cell)}>`;
      const blocks = blocksOf(cell);
      if (blocks.length > 0) {
        nodes.push({ type: "html", value: tags }, ...blocks);
        tags = `</${name}>`;
      } else {
        tags += `\n</${name}>`;
      }
    }
    tags += "\n</tr>";
  }
  nodes.push({ type: "html", value: `${tags}\n</table>` });
  return nodes;
}

function cellAttributes(cell: Node): string {
  const { colspan, rowspan, align, colwidth } = cell.attrs;
  return attributesOf({
    colspan: colspan === 1 ? null : colspan,
    rowspan: rowspan === 1 ? null : rowspan,
    align,
    colwidth: Array.isArray(colwidth) ? colwidth.join(",") : null,
  });
}

/** The text of a line. `breaks`: whether Markdown's own line break has a place here; else it is `<br>`. */
function phrasing(textblock: Node, breaks: boolean): PhrasingContent[] {
  return runsOf(trimmedRuns(textblock), 0, breaks);
}

interface Run {
  /** Undefined for a line break. */
  text: string | undefined;
  marks: readonly Mark[];
}

/** The runs of a line without breaks and white space at either end, nor white space beside a break. */
function trimmedRuns(textblock: Node): Run[] {
  const runs: Run[] = [];
  for (const node of textblock.children) {
    const previous = runs.at(-1);
    const afterBreak = !previous || previous.text === undefined;
    if (!node.isText) {
      trimEnd(runs);
      if (runs.length > 0) runs.push({ text: undefined, marks: [] });
      continue;
    }
    const line = oneLine(node.text ?? "");
    const text = afterBreak ? line.replace(/^[ \t]+/, "") : line;
    if (text !== "") runs.push({ text, marks: orderedMarks(node) });
  }
  while (runs.at(-1)?.text === undefined && runs.length > 0) runs.pop();
  trimEnd(runs);
  return runs;
}

function trimEnd(runs: Run[]): void {
  for (let last = runs.at(-1); last?.text !== undefined; last = runs.at(-1)) {
    last.text = last.text.replace(/[ \t]+$/, "");
    if (last.text !== "") return;
    runs.pop();
  }
}

/** Code holds nothing but text, so it is the innermost mark. */
function orderedMarks(node: Node): readonly Mark[] {
  return [...node.marks].sort((a, b) => Number(a.type.name === "code") - Number(b.type.name === "code"));
}

function runsOf(runs: readonly Run[], depth: number, breaks: boolean): PhrasingContent[] {
  const result: PhrasingContent[] = [];
  for (let at = 0; at < runs.length; ) {
    const run = runs[at]!;
    const mark = run.marks[depth];
    if (!mark) {
      result.push(leafOf(run, breaks));
      at++;
      continue;
    }
    let end = at + 1;
    while (end < runs.length && runs[end]?.marks[depth]?.eq(mark)) end++;
    result.push(...markOf(mark, runs.slice(at, end), depth + 1, breaks));
    at = end;
  }
  return result;
}

function leafOf({ text }: Run, breaks: boolean): PhrasingContent {
  if (text !== undefined) return { type: "text", value: text };
  return breaks ? { type: "break" } : { type: "html", value: "<br>" };
}

function markOf(mark: Mark, runs: readonly Run[], depth: number, breaks: boolean): PhrasingContent[] {
  if (mark.type.name === "code")
    return [{ type: "inlineCode", value: runs.map(({ text }) => text).join("") }];
  const children = runsOf(runs, depth, breaks);
  switch (mark.type.name) {
    case "bold":
      return [{ type: "strong", children }];
    case "italic":
      return [{ type: "emphasis", children }];
    case "strike":
      // Two tildes need a letter at either side of them to be read as what they are.
      return isWordy(runs) ? [{ type: "delete", children }] : tagged("del", {}, children);
    case "link":
      return [{ type: "link", url: mark.attrs.href, title: mark.attrs.title, children: children as never }];
    case "underline":
      return tagged("u", {}, children);
    case "subscript":
      return tagged("sub", {}, children);
    case "superscript":
      return tagged("sup", {}, children);
    case "highlight":
      return tagged("mark", { "data-color": mark.attrs.color }, children);
    case "textStyle":
      return tagged("span", { style: mark.attrs.color && `color: ${mark.attrs.color}` }, children);
    default:
      throw new TypeError(`${mark.type.name} has no Markdown`);
  }
}

function tagged(
  name: string,
  attributes: Record<string, unknown>,
  children: PhrasingContent[],
): PhrasingContent[] {
  return [
    { type: "html", value: `<${name}${attributesOf(attributes)}>` },
    ...children,
    { type: "html", value: `</${name}>` },
  ];
}

function attributesOf(attributes: Record<string, unknown>): string {
  return Object.entries(attributes)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => ` ${name}="${oneLine(escapeHtml(String(value)))}"`)
    .join("");
}

function isWordy(runs: readonly Run[]): boolean {
  const text = runs.map(({ text }) => text ?? " ").join("");
  return (
    /^[\p{L}\p{N}](?:.*[\p{L}\p{N}])?$/u.test(text) &&
    runs.every(({ marks }) => marks.at(-1)?.type.name !== "code")
  );
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ");
}
