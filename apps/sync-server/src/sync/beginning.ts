import type { LooseNode } from "@octavo/schema/document";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import { ContentString, type Doc, XmlElement, type XmlFragment, XmlText } from "yjs";
import type { Beginning } from "../documents/rooms.ts";

/** Elements and characters of the beginning: several pages, read in less than a millisecond however long the rest is. */
const MAX_ELEMENTS = 300;
const MAX_CHARACTERS = 10_000;

/** The first pages of a document's body, without marks; they cost the same in a document of any size. */
export function beginningOf(document: Doc): Beginning {
  const left = { elements: MAX_ELEMENTS, characters: MAX_CHARACTERS };
  const content = childrenOf(document.getXmlFragment(BODY_FRAGMENT), left);
  const isWhole = left.elements > 0 && left.characters > 0;
  return { body: { type: "doc", content }, isWhole };
}

type Budget = { elements: number; characters: number };

function childrenOf(parent: XmlFragment, left: Budget): LooseNode[] {
  const children: LooseNode[] = [];
  for (let type = parent.firstChild; type && left.elements > 0 && left.characters > 0; ) {
    left.elements--;
    if (type instanceof XmlText) children.push(...textOf(type, left));
    else if (type instanceof XmlElement) {
      const content = childrenOf(type, left);
      children.push({ type: type.nodeName, attrs: type.getAttributes(), content });
    }
    type = type.nextSibling as typeof type | null;
  }
  return children;
}

function textOf(type: XmlText, left: Budget): LooseNode[] {
  let text = "";
  for (let item = type._start; item && left.characters > 0; item = item.right) {
    if (item.deleted || !(item.content instanceof ContentString)) continue;
    const part = item.content.str.slice(0, left.characters);
    left.characters -= part.length;
    text += part;
  }
  return text === "" ? [] : [{ type: "text", text }];
}
