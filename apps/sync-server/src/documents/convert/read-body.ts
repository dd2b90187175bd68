import { AppError } from "@octavo/schema";
import { LAYOUT, type LooseNode, markOfKey, tooDeep } from "@octavo/schema/document";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import { applyUpdate, Doc, XmlElement, XmlText } from "yjs";

/**
 * The body of a document's state (Yjs update, V1), as loose as it was written: names and values are not checked.
 * @throws MALFORMED_UPDATE, CONVERSION_FAILED for nesting beyond LAYOUT.depthOut
 */
export function readBody(update: Uint8Array): LooseNode {
  const document = new Doc({ gc: false });
  try {
    applyUpdate(document, update);
    if (document.store.pendingStructs || document.store.pendingDs) {
      throw new AppError("MALFORMED_UPDATE", "The update depends on others that are not in it.");
    }
    return { type: "doc", content: childrenOf(document.getXmlFragment(BODY_FRAGMENT).toArray(), 1) };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    // Yjs says anything from RangeError to "Unexpected case" about bytes that are no update.
    throw new AppError("MALFORMED_UPDATE", undefined, { cause });
  } finally {
    document.destroy();
  }
}

function childrenOf(types: readonly unknown[], depth: number): LooseNode[] {
  if (depth > LAYOUT.depthOut) throw tooDeep();
  return types.flatMap((type): LooseNode[] => {
    if (type instanceof XmlText) return textOf(type);
    // A root of another kind holds embeds, maps or hooks: nothing a body is made of.
    if (!(type instanceof XmlElement)) return [];
    return [
      { type: type.nodeName, attrs: type.getAttributes(), content: childrenOf(type.toArray(), depth + 1) },
    ];
  });
}

function textOf(type: XmlText): LooseNode[] {
  const runs: { insert: unknown; attributes?: Record<string, unknown> }[] = type.toDelta();
  return runs
    .filter(({ insert }) => typeof insert === "string")
    .map(({ insert, attributes = {} }) => ({
      type: "text",
      text: insert,
      marks: Object.entries(attributes).map(([key, attrs]) => ({ type: markOfKey(key), attrs })),
    }));
}
