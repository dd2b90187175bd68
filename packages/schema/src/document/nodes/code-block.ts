import { CodeBlock as TiptapCodeBlock } from "@tiptap/extension-code-block";
import { isCodeLanguage, nullOr, validator } from "../attributes.ts";

/** Preformatted text in one language. Tiptap's key means "copy format" elsewhere: it has none. */
export const CodeBlock = TiptapCodeBlock.extend({
  addAttributes() {
    return {
      language: {
        default: null,
        rendered: false,
        validate: validator("language", nullOr(isCodeLanguage)),
        parseHTML: languageOf,
      },
    };
  },

  renderHTML({ node, HTMLAttributes }) {
    const { language } = node.attrs;
    return [
      "pre",
      HTMLAttributes,
      ["code", isCodeLanguage(language) ? { class: `language-${language}` } : {}, 0],
    ];
  },

  addKeyboardShortcuts() {
    const { "Mod-Alt-c": _copyFormat, ...shortcuts } = this.parent?.() ?? {};
    return shortcuts;
  },
}).configure({ enableTabIndentation: true, tabSize: 2 });

function languageOf(element: HTMLElement): string | undefined {
  const names = `${element.className} ${element.firstElementChild?.className ?? ""}`.split(/\s+/);
  const name = names.find(each => /^(?:language|lang)-/.test(each))?.replace(/^lang(?:uage)?-/, "");
  return isCodeLanguage(name) ? name : undefined;
}
