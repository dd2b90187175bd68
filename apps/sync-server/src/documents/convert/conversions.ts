import { AppError, LIMITS } from "@octavo/schema";
import { fromMarkdown, snippetOf, titleOf, toHtml, toMarkdown, toText } from "@octavo/schema/convert";
import { assignBlockIds, documentSchema, fitToSchema, LAYOUT, type LooseNode } from "@octavo/schema/document";
import type { ContentIn, FormatOut } from "@octavo/schema/http";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import { Node } from "@tiptap/pm/model";
import { prosemirrorToYXmlFragment } from "@tiptap/y-tiptap";
import { Doc, encodeStateAsUpdate } from "yjs";
import { readBody } from "./read-body.ts";

/** The state of a new document (Yjs update, V1), and the text of its first heading of level 1. */
export interface Imported {
  update: Uint8Array<ArrayBuffer>;
  title?: string;
}

/** A document in one format: a string, or for `yjs` the update itself. `json` is a JSON text. */
export type Rendered = string | Uint8Array<ArrayBuffer>;

/** What lists and search show of a document: its title by its text, its first words and its whole text. */
export interface Digest {
  /** Text of the first heading of level 1, if there is one. */
  title?: string;
  snippet: string;
  text: string;
}

/**
 * The state of a new document with this content: one Yjs transaction of one new Yjs client, every block with an
 * id, at least one paragraph. Content from a Yjs update is written anew as well: its history and its Yjs clients
 * belong to people this server does not know. Costs what the content costs: run it in the pool.
 * @throws CONVERSION_FAILED, MALFORMED_UPDATE, DOCUMENT_TOO_LARGE
 */
export async function ydocFromContent(content: ContentIn): Promise<Imported> {
  const node = await nodeOf(content);
  const title = titleOf(node);
  const document = new Doc({ gc: false });
  document.transact(() =>
    prosemirrorToYXmlFragment(withBlockIds(node), document.getXmlFragment(BODY_FRAGMENT)),
  );
  const update = encodeStateAsUpdate(document) as Uint8Array<ArrayBuffer>;
  document.destroy();
  if (update.byteLength > LIMITS.documentBytes) throw new AppError("DOCUMENT_TOO_LARGE");
  return title === undefined ? { update } : { update, title };
}

/**
 * A document's state (Yjs update, V1) in a format. What the schema does not know is left out of it, in the
 * document it stays. Costs what the document costs: run it in the pool. @throws CONVERSION_FAILED, MALFORMED_UPDATE
 */
export function renderState(update: Uint8Array, format: FormatOut): Rendered {
  if (format === "yjs") return new Uint8Array(update);
  const node = fitToSchema(readBody(update));
  switch (format) {
    case "json":
      return JSON.stringify(node.toJSON());
    case "html":
      return toHtml(node);
    case "markdown":
      return toMarkdown(node);
    case "text":
      return toText(node);
  }
}

/** What lists and search show of a document's state (Yjs update, V1). @throws CONVERSION_FAILED, MALFORMED_UPDATE */
export function digestOf(update: Uint8Array): Digest {
  const node = fitToSchema(readBody(update));
  const title = titleOf(node);
  return { ...(title !== undefined && { title }), snippet: snippetOf(node), text: toText(node) };
}

async function nodeOf(content: ContentIn): Promise<Node> {
  switch (content.format) {
    case "markdown":
      return fromMarkdown(content.body);
    case "html": {
      // The DOM is loaded only by those who need it.
      const { fromHtml } = await import("./from-html.ts");
      return fromHtml(content.body);
    }
    case "json":
      return checkedNode(content.body);
    case "yjs":
      return checkedNode(readBody(fromBase64(content.body)));
  }
}

/** JSON comes from programs: what does not fit is their mistake and is told, not mended. */
function checkedNode(json: LooseNode): Node {
  // Also refuses what is nested too deeply for the parser and the check below.
  fitToSchema(json, LAYOUT.depthIn);
  try {
    const node = Node.fromJSON(documentSchema(), json);
    if (node.type !== documentSchema().topNodeType) throw new RangeError("The top node must be of type doc");
    node.check();
    return node;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : "unknown";
    throw new AppError("CONVERSION_FAILED", `The content does not fit the schema: ${reason}`, { cause });
  }
}

function withBlockIds(node: Node): Node {
  return Node.fromJSON(documentSchema(), assignBlockIds(node.toJSON()));
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "base64"));
}
