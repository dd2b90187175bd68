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

/** An image as a block of its own. One whose address is not allowed shows its alternative text. */
export const Image = TiptapImage.extend({
  addAttributes() {
    return {
      src: {
        default: null,
        validate: validator("src", nullOr(isImageSource)),
        parseHTML: element => normalizeImageSource(element.getAttribute("src")),
        renderHTML: ({ src }) => (isImageSource(src) ? { src } : {}),
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
        tag: "img[src]",
        getAttrs: element => (normalizeImageSource(element.getAttribute("src")) ? null : false),
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
