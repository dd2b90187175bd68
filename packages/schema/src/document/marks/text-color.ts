import { TextStyle } from "@tiptap/extension-text-style";
import { isColor, normalizeColor, nullOr, validator } from "../attributes.ts";
import { styleOf } from "./style.ts";

/** What other editors write for text that has no colour of its own; kept, it would be invisible in the dark. */
const DEFAULT_TEXT_COLOR = "#000000";

/** Colour of text: Tiptap's `textStyle` mark with its `color`, so that other Tiptap editors read it. */
export const TextColor = TextStyle.extend({
  addAttributes() {
    return {
      color: {
        default: null,
        validate: validator("color", nullOr(isColor)),
        parseHTML: colorOf,
        renderHTML: ({ color }) => (isColor(color) ? { "data-color": color, style: `color: ${color}` } : {}),
      },
    };
  },

  addCommands() {
    return {
      ...this.parent?.(),
      setColor:
        value =>
        ({ commands }) => {
          const color = normalizeColor(value);
          return color !== undefined && commands.setMark(this.name, { color });
        },
      unsetColor:
        () =>
        ({ commands }) =>
          commands.unsetMark(this.name),
    };
  },

  parseHTML() {
    // Spans without a colour are no mark at all, or they would take the colour of the span around them away.
    return [
      { tag: "span", consuming: false, getAttrs: element => (colorOf(element) ? null : false) },
      { tag: "font[color]", consuming: false, getAttrs: element => (colorOf(element) ? null : false) },
    ];
  },
});

function colorOf(element: HTMLElement): string | undefined {
  const own = normalizeColor(element.getAttribute("data-color"));
  if (own) return own;
  const foreign = normalizeColor(styleOf(element, "color") ?? element.getAttribute("color"));
  return foreign === DEFAULT_TEXT_COLOR ? undefined : foreign;
}
