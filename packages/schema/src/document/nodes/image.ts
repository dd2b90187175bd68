import { nodeInputRule } from "@tiptap/core";
import { inputRegex, Image as TiptapImage } from "@tiptap/extension-image";
import {
  isImageSource,
  isShortText,
  normalizeImageSource,
  normalizeNumber,
  normalizeText,
  nullOr,
  validator,
  wholeNumber,
} from "../attributes.ts";
import { LAYOUT } from "../layout.ts";

const isSize = wholeNumber(1, LAYOUT.imageSizeMax);

/** Holds an address that leads nowhere from a page of ours. */
const KEPT_SOURCE = "data-src";

/**
 * An image as a block of its own. One whose address is not allowed shows its alternative text, and so does one
 * beside the file that an import came from (`docs/picture.png`): its address is kept for the way out.
 */
export const Image = TiptapImage.extend({
  addAttributes() {
    return {
      src: {
        default: null,
        validate: validator("src", nullOr(isImageSource)),
        parseHTML: element => sourceOf(element),
        renderHTML: ({ src }) =>
          isImageSource(src) ? { [isReachable(src) ? "src" : KEPT_SOURCE]: src } : {},
      },
      alt: text("alt"),
      title: text("title"),
      width: size("width"),
      height: size("height"),
    };
  },

  parseHTML() {
    return [
      {
        tag: `img[src], img[${KEPT_SOURCE}]`,
        getAttrs: element => (sourceOf(element) ? null : false),
      },
    ];
  },

  addCommands() {
    return {
      setImage:
        options =>
        ({ commands }) => {
          const src = normalizeImageSource(options.src);
          return src !== undefined && commands.insertContent({ type: this.name, attrs: { ...options, src } });
        },
    };
  },

  addInputRules() {
    return [
      nodeInputRule({
        find: typed => {
          const match = inputRegex.exec(typed);
          if (!match || !isImageSource(match[3])) return null;
          return { index: match.index, text: match[0], data: match };
        },
        type: this.type,
        getAttributes: match => ({
          src: match.data?.[3],
          alt: match.data?.[2] ?? null,
          title: match.data?.[4] ?? null,
        }),
      }),
    ];
  },
});

function sourceOf(element: HTMLElement): string | undefined {
  return normalizeImageSource(element.getAttribute("src") ?? element.getAttribute(KEPT_SOURCE));
}

/** Absolute, or from the root of this server. */
function isReachable(source: string): boolean {
  return /^(https?:|\/)/i.test(source);
}

function text(name: string) {
  return {
    default: null,
    validate: validator(name, nullOr(isShortText)),
    parseHTML: (element: HTMLElement) => normalizeText(element.getAttribute(name)),
  };
}

function size(name: string) {
  return {
    default: null,
    validate: validator(name, nullOr(isSize)),
    parseHTML: (element: HTMLElement) => normalizeNumber(element.getAttribute(name), isSize),
    renderHTML: (attributes: Record<string, unknown>) =>
      isSize(attributes[name]) ? { [name]: attributes[name] } : {},
  };
}
