import { Node } from "@tiptap/pm/model";
import { fitToSchema, isFitted, type LooseNode } from "../document/fit.ts";

/** A document as the converters take it: a ProseMirror node, or ProseMirror JSON, checked or not. */
export type Convertible = Node | LooseNode;

/**
 * The document as a node of our schema: what came over the network has passed neither the tests of attributes nor
 * a limit of depth. @throws CONVERSION_FAILED for nesting beyond LAYOUT.depthOut
 */
export function readable(document: Convertible): Node {
  if (!(document instanceof Node)) return fitToSchema(document);
  return isFitted(document) ? document : fitToSchema(document.toJSON());
}
