import { Heading as TiptapHeading } from "@tiptap/extension-heading";
import { isBlockId, validator, wholeNumber } from "../attributes.ts";
import { LAYOUT } from "../layout.ts";

/** Headings of six levels; each is the target of `#h-{block id}`. */
export const Heading = TiptapHeading.extend({
  addAttributes() {
    return {
      level: {
        default: 1,
        rendered: false,
        validate: validator("level", wholeNumber(1, LAYOUT.headingLevels)),
      },
    };
  },

  renderHTML({ node, HTMLAttributes }) {
    const rendered = this.parent?.({ node, HTMLAttributes });
    if (!Array.isArray(rendered)) throw new TypeError("Heading renders an array");
    const [tag, attributes, ...content] = rendered;
    const anchor = isBlockId(node.attrs.id) ? { id: headingAnchor(node.attrs.id) } : {};
    return [tag, { ...anchor, ...attributes }, ...content];
  },
});

/** The fragment of an address that leads to a heading. */
export function headingAnchor(blockId: string): string {
  return `h-${blockId}`;
}
