import { Highlight as TiptapHighlight } from "@tiptap/extension-highlight";
import { isColor, normalizeColor, nullOr, validator } from "../attributes.ts";
import { styleOf } from "./style.ts";

/** Marked text, in a colour of its own or in the theme's. Tiptap's key is that of find and replace: it has none. */
export const Highlight = TiptapHighlight.extend({
  addAttributes() {
    return {
      color: {
        default: null,
        validate: validator("color", nullOr(isColor)),
        parseHTML: element =>
          normalizeColor(element.getAttribute("data-color")) ??
          normalizeColor(styleOf(element, "background-color")),
        renderHTML: ({ color }) =>
          isColor(color) ? { "data-color": color, style: `background-color: ${color}; color: inherit` } : {},
      },
    };
  },

  addCommands() {
    const parent = this.parent?.() ?? {};
    const known = (attributes?: { color: string }) => {
      const color = normalizeColor(attributes?.color);
      return color === undefined ? undefined : { color };
    };
    return {
      ...parent,
      setHighlight: attributes => props => parent.setHighlight?.(known(attributes))(props) ?? false,
      toggleHighlight: attributes => props => parent.toggleHighlight?.(known(attributes))(props) ?? false,
    };
  },

  addKeyboardShortcuts: () => ({}),
}).configure({ multicolor: true });
