import { Fragment, Mark, type MarkType, type Node, type NodeType, type Schema } from "@tiptap/pm/model";
import { AppError } from "../errors.ts";
import { LAYOUT } from "./layout.ts";
import { documentSchema } from "./schema.ts";

/** What a converter reads: ProseMirror JSON that nobody has checked. */
export interface LooseNode {
  type?: unknown;
  attrs?: unknown;
  content?: unknown;
  marks?: unknown;
  text?: unknown;
}

const fitted = new WeakSet<Node>();

/**
 * The nearest document of the schema. Total: a node the schema does not know is left out and its content kept, an
 * attribute or mark that is not allowed is left out, a node in a wrong place is wrapped, unwrapped or left out, a
 * missing one is filled in. A document that fits comes back the same, but for marks on anything other than text,
 * which the layout in the Y.Doc cannot hold.
 * @throws CONVERSION_FAILED for nesting deeper than `depthMax`
 */
export function fitToSchema(content: LooseNode, depthMax: number = LAYOUT.depthOut): Node {
  const schema = documentSchema();
  const top = schema.topNodeType;
  const node = top.create(null, arrange(top, readChildren(schema, content, 0, depthMax)));
  fitted.add(node);
  return node;
}

/** Whether this very node came out of `fitToSchema`, so that nobody need do it again. */
export function isFitted(node: Node): boolean {
  return fitted.has(node);
}

/** The error of every converter for nesting beyond what it can hold. */
export function tooDeep(): AppError {
  return new AppError("CONVERSION_FAILED", "The content is nested too deeply.");
}

function readChildren(schema: Schema, parent: LooseNode, depth: number, depthMax: number): Node[] {
  if (depth > depthMax) throw tooDeep();
  const children: unknown[] = Array.isArray(parent.content) ? parent.content : [];
  return children.flatMap(child => (isRecord(child) ? readNode(schema, child, depth + 1, depthMax) : []));
}

function readNode(schema: Schema, loose: LooseNode, depth: number, depthMax: number): Node[] {
  if (loose.type === "text") {
    return typeof loose.text === "string" && loose.text !== ""
      ? [schema.text(loose.text, readMarks(schema, loose.marks))]
      : [];
  }
  const children = readChildren(schema, loose, depth, depthMax);
  const type =
    typeof loose.type === "string" && Object.hasOwn(schema.nodes, loose.type)
      ? schema.nodes[loose.type]
      : undefined;
  if (!type || type === schema.topNodeType) return children;
  return [type.create(readAttributes(type, loose.attrs), arrange(type, children))];
}

function readAttributes(type: NodeType | MarkType, loose: unknown): Record<string, unknown> {
  const given = isRecord(loose) ? loose : {};
  const attributes: Record<string, unknown> = {};
  for (const name of Object.keys(type.spec.attrs ?? {})) {
    if (Object.hasOwn(given, name) && isValid(type, name, given[name])) attributes[name] = given[name];
  }
  return attributes;
}

function readMarks(schema: Schema, loose: unknown): readonly Mark[] {
  let marks: readonly Mark[] = Mark.none;
  for (const each of Array.isArray(loose) ? loose : []) {
    const type =
      isRecord(each) && typeof each.type === "string" && Object.hasOwn(schema.marks, each.type)
        ? schema.marks[each.type]
        : undefined;
    if (!type) continue;
    const mark = type.create(readAttributes(type, each.attrs));
    if (!isHollow(mark)) marks = mark.addToSet(marks);
  }
  return marks;
}

/** A link to nowhere and a text colour without a colour mean nothing. */
function isHollow(mark: Mark): boolean {
  return (
    (mark.type.name === "link" && mark.attrs.href === null) ||
    (mark.type.name === "textStyle" && mark.attrs.color === null)
  );
}

function isValid(type: NodeType | MarkType, name: string, value: unknown): boolean {
  const validate: unknown = type.spec.attrs?.[name]?.validate;
  if (typeof validate !== "function") return true;
  try {
    validate(value);
    return true;
  } catch {
    return false;
  }
}

/** Puts nodes into the content that `type` demands, in their order. */
function arrange(type: NodeType, children: readonly Node[]): Fragment {
  const placed: Node[] = [];
  const waiting = (type.inlineContent ? [...children] : wrapInline(type, children)).reverse();
  let match = type.contentMatch;
  for (let child = waiting.pop(); child; child = waiting.pop()) {
    const fitting = type.inlineContent ? inlineOf(type, child) : child;
    if (!fitting) {
      // A block inside a line of text: what it holds may fit.
      waiting.push(...[...child.children].reverse());
      continue;
    }
    const direct = match.matchType(fitting.type);
    if (direct) {
      placed.push(fitting);
      match = direct;
      continue;
    }
    const missing = match.fillBefore(Fragment.from(fitting));
    if (missing) {
      placed.push(...missing.content, fitting);
      match = match.matchFragment(missing)?.matchType(fitting.type) ?? match;
      continue;
    }
    const wrapping = match.findWrapping(fitting.type);
    if (wrapping?.length) {
      waiting.push(
        wrapping.reduceRight((inner, wrapper) => wrapper.create(null, arrange(wrapper, [inner])), fitting),
      );
    } else {
      waiting.push(...[...fitting.children].reverse());
    }
  }
  placed.push(...(match.fillBefore(Fragment.empty, true)?.content ?? []));
  return Fragment.fromArray(placed);
}

/** Runs of inline nodes among blocks become paragraphs. */
function wrapInline(type: NodeType, children: readonly Node[]): Node[] {
  const paragraph = type.schema.nodes.paragraph;
  const blocks: Node[] = [];
  let run: Node[] = [];
  const flush = () => {
    if (paragraph && run.some(node => !node.isText || node.text?.trim()))
      blocks.push(paragraph.create(null, arrange(paragraph, run)));
    run = [];
  };
  for (const child of children) {
    if (child.isInline) {
      run.push(child);
    } else {
      flush();
      blocks.push(child);
    }
  }
  flush();
  return blocks;
}

function inlineOf(type: NodeType, child: Node): Node | undefined {
  if (!child.isInline) return undefined;
  if (type.spec.code && child.type.name === "hardBreak") return type.schema.text("\n");
  return child.isText ? child.mark(type.allowedMarks(child.marks)) : child.mark(Mark.none);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
