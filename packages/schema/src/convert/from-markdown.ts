import type { Node } from "@tiptap/pm/model";
import type { Definition, List, ListItem, Nodes, PhrasingContent, RootContent, Table } from "mdast";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import {
  isCodeLanguage,
  normalizeHref,
  normalizeImageSource,
  normalizeText,
} from "../document/attributes.ts";
import { fitToSchema, type LooseNode, tooDeep } from "../document/fit.ts";
import { LAYOUT } from "../document/layout.ts";
import { AppError } from "../errors.ts";
import { BlockBuilder } from "./block-builder.ts";
import { tokenizeHtml } from "./html-tokens.ts";

const parser = unified().use(remarkParse).use(remarkGfm);

/** A line that opens more quotes and lists than this is refused before the parser spends its time on it. */
const MARKERS_PER_LINE = 2 * LAYOUT.depthOut;

/**
 * The document that a Markdown text (CommonMark and GitHub's tables, checklists, strikethrough, footnotes) means.
 * HTML in it counts by an allow-list (`inline-html.ts`, tables); scripts and unknown tags are left out. Addresses
 * that are not allowed are left out, their text stays. Always at least one paragraph; no block ids yet.
 * @throws CONVERSION_FAILED for nesting beyond LAYOUT.depthIn
 */
export function fromMarkdown(text: string): Node {
  refuseDeepLines(text);
  const root = parse(text);
  const definitions = new Map<string, Definition>();
  for (const each of root.children) collectDefinitions(each, definitions, 0);
  const blocks = new BlockBuilder();
  convertBlocks(root.children, { blocks, definitions, depth: 0 });
  return fitToSchema({ type: "doc", content: blocks.finish() }, LAYOUT.depthIn);
}

/** Cells of a table up to which short rows are filled; a guess far above any table that people write. */
const CELLS_MAX = 100_000;

interface Context {
  blocks: BlockBuilder;
  definitions: ReadonlyMap<string, Definition>;
  depth: number;
}

function parse(text: string) {
  try {
    return parser.parse(text);
  } catch (cause) {
    // The parser recurses over its own constructs; anything else it throws is a mistake.
    if (cause instanceof RangeError) throw new AppError("CONVERSION_FAILED", tooDeep().message, { cause });
    throw cause;
  }
}

function refuseDeepLines(text: string): void {
  for (const line of text.split("\n")) {
    if (line.length < MARKERS_PER_LINE || /^[ \t]*([-*+])(?:[ \t]*\1)*[ \t]*$/.test(line)) continue;
    const opening = /^(?:[ \t]*(?:>|[-+*]|\d{1,9}[.)]))+/.exec(line)?.[0] ?? "";
    if ((opening.match(/>|[-+*]|\d[.)]/g)?.length ?? 0) > MARKERS_PER_LINE) throw tooDeep();
  }
}

function collectDefinitions(node: Nodes, definitions: Map<string, Definition>, depth: number): void {
  if (depth > LAYOUT.depthOut) throw tooDeep();
  if (node.type === "definition" && !definitions.has(node.identifier)) definitions.set(node.identifier, node);
  if (node.type === "paragraph" || !("children" in node)) return;
  for (const child of node.children) collectDefinitions(child, definitions, depth + 1);
}

function convertBlocks(nodes: readonly RootContent[], context: Context): void {
  if (context.depth > LAYOUT.depthOut) throw tooDeep();
  for (const node of nodes) convertBlock(node, context);
}

/** The blocks of a list of Markdown blocks, apart from what surrounds them. */
function childBlocks(nodes: readonly RootContent[], context: Context): LooseNode[] {
  const blocks = new BlockBuilder();
  convertBlocks(nodes, { ...context, blocks, depth: context.depth + 1 });
  return blocks.finish();
}

function convertBlock(node: RootContent, context: Context): void {
  const { blocks } = context;
  switch (node.type) {
    case "paragraph":
      blocks.start("paragraph");
      convertInline(node.children, context, []);
      blocks.end();
      return;
    case "heading":
      blocks.start("heading", { level: node.depth });
      convertInline(node.children, context, []);
      blocks.end(true);
      return;
    case "code": {
      const language = isCodeLanguage(node.lang) ? node.lang : null;
      blocks.add({ type: "codeBlock", attrs: { language }, content: [{ type: "text", text: node.value }] });
      return;
    }
    case "blockquote":
      blocks.add({ type: "blockquote", content: childBlocks(node.children, context) });
      return;
    case "list":
      for (const list of convertList(node, context)) blocks.add(list);
      return;
    case "table":
      blocks.add(convertTable(node, context));
      return;
    case "thematicBreak":
      blocks.add({ type: "horizontalRule" });
      return;
    case "html":
      for (const token of tokenizeHtml(node.value)) blocks.html(token);
      blocks.endOfHtmlBlock();
      return;
    case "footnoteDefinition": {
      const content = childBlocks(node.children, context);
      blocks.start("paragraph");
      blocks.text(`[${node.label ?? node.identifier}]`, [{ type: "superscript" }]);
      blocks.end();
      for (const block of content) blocks.add(block);
      return;
    }
    case "definition":
      return;
    default:
      // Every other node is inline and does not stand here.
      return;
  }
}

/** Items with and without a checkbox cannot share a list of ours: each run of a kind becomes one. */
function convertList(list: List, context: Context): LooseNode[] {
  const lists: { type: string; attrs: Record<string, unknown>; content: LooseNode[] }[] = [];
  list.children.forEach((item, index) => {
    const { checked, content } = convertItem(item, context);
    const type = checked !== undefined ? "taskList" : list.ordered ? "orderedList" : "bulletList";
    let target = lists.at(-1);
    if (target?.type !== type) {
      target = {
        type,
        attrs: type === "orderedList" ? { start: (list.start ?? 1) + index } : {},
        content: [],
      };
      lists.push(target);
    }
    target.content.push(
      checked === undefined
        ? { type: "listItem", content }
        : { type: "taskItem", attrs: { checked }, content },
    );
  });
  return lists;
}

function convertItem(
  item: ListItem,
  context: Context,
): { checked: boolean | undefined; content: LooseNode[] } {
  const content = childBlocks(item.children, context);
  if (typeof item.checked === "boolean") return { checked: item.checked, content };
  // GitHub sees no checkbox in an item that has nothing else; we write it for an empty task.
  const first = item.children[0];
  const only = first?.type === "paragraph" && first.children.length === 1 ? first.children[0] : undefined;
  const box = only?.type === "text" ? /^\[([ xX])\]$/.exec(only.value) : null;
  if (!box) return { checked: undefined, content };
  return { checked: box[1] !== " ", content: [{ type: "paragraph" }, ...content.slice(1)] };
}

function convertTable(table: Table, context: Context): LooseNode {
  let columns = table.children[0]?.children.length ?? 0;
  // Some kilobytes of Markdown can mean millions of empty cells: those are left out.
  if (columns * table.children.length > CELLS_MAX) columns = 0;
  return {
    type: "table",
    content: table.children.map((row, rowIndex) => ({
      type: "tableRow",
      content: Array.from({ length: Math.max(columns, row.children.length) }, (_, column) => {
        const blocks = new BlockBuilder();
        blocks.start("paragraph");
        convertInline(
          row.children[column]?.children ?? [],
          { ...context, blocks, depth: context.depth + 1 },
          [],
        );
        blocks.end();
        return {
          type: rowIndex === 0 ? "tableHeader" : "tableCell",
          attrs: { align: table.align?.[column] ?? null },
          content: blocks.finish(),
        };
      }),
    })),
  };
}

function convertInline(
  nodes: readonly PhrasingContent[],
  context: Context,
  marks: readonly LooseNode[],
): void {
  if (context.depth > LAYOUT.depthOut) throw tooDeep();
  const deeper = { ...context, depth: context.depth + 1 };
  const { blocks } = context;
  for (const node of nodes) {
    switch (node.type) {
      case "text":
        blocks.text(node.value.replace(/[ \t]*\r?\n[ \t]*/g, " "), marks);
        break;
      case "inlineCode":
        blocks.text(node.value, [...marks, { type: "code" }]);
        break;
      case "strong":
        convertInline(node.children, deeper, [...marks, { type: "bold" }]);
        break;
      case "emphasis":
        convertInline(node.children, deeper, [...marks, { type: "italic" }]);
        break;
      case "delete":
        convertInline(node.children, deeper, [...marks, { type: "strike" }]);
        break;
      case "break":
        blocks.hardBreak();
        break;
      case "html":
        for (const token of tokenizeHtml(node.value)) blocks.html(token, marks);
        break;
      case "link":
        convertInline(node.children, deeper, withLink(marks, node.url, node.title));
        break;
      case "linkReference": {
        const definition = context.definitions.get(node.identifier);
        convertInline(node.children, deeper, withLink(marks, definition?.url, definition?.title));
        break;
      }
      case "image":
        addImage(blocks, node.url, node.alt, node.title, marks);
        break;
      case "imageReference": {
        const definition = context.definitions.get(node.identifier);
        addImage(blocks, definition?.url, node.alt, definition?.title, marks);
        break;
      }
      case "footnoteReference":
        blocks.text(`[${node.label ?? node.identifier}]`, [...marks, { type: "superscript" }]);
        break;
      default:
        break;
    }
  }
}

function withLink(
  marks: readonly LooseNode[],
  url: string | undefined,
  title: string | null | undefined,
): readonly LooseNode[] {
  const href = normalizeHref(url);
  return href === undefined
    ? marks
    : [...marks, { type: "link", attrs: { href, title: normalizeText(title) ?? null } }];
}

/** An image is a block of ours: it ends the line it stands in. One that is not allowed leaves its text there. */
function addImage(
  blocks: BlockBuilder,
  url: string | undefined,
  alt: string | null | undefined,
  title: string | null | undefined,
  marks: readonly LooseNode[],
): void {
  const src = normalizeImageSource(url);
  if (src === undefined) {
    blocks.text(alt ?? "", marks);
  } else {
    blocks.image({
      type: "image",
      attrs: { src, alt: normalizeText(alt) ?? null, title: normalizeText(title) ?? null },
    });
  }
}
