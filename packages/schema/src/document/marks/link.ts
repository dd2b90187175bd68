import { Link as TiptapLink } from "@tiptap/extension-link";
import {
  completeHref,
  isLinkHref,
  isShortText,
  normalizeHref,
  normalizeText,
  nullOr,
  validator,
} from "../attributes.ts";
import { appendOnlyToOwn } from "../remote.ts";

/**
 * A link. Only address and title are stored; how it opens is the same for all and not the author's to say. An
 * address that is not allowed is no link: its text stays.
 */
export const Link = TiptapLink.extend({
  addAttributes() {
    return {
      href: {
        default: null,
        validate: validator("href", nullOr(isLinkHref)),
        parseHTML: element => normalizeHref(element.getAttribute("href")),
        renderHTML: ({ href }) => (isLinkHref(href) ? { href } : {}),
      },
      title: {
        default: null,
        validate: validator("title", nullOr(isShortText)),
        parseHTML: element => normalizeText(element.getAttribute("title")),
      },
    };
  },

  parseHTML() {
    return [
      { tag: "a[href]", getAttrs: element => (normalizeHref(element.getAttribute("href")) ? null : false) },
    ];
  },

  renderHTML({ HTMLAttributes }) {
    return ["a", { rel: "noopener noreferrer nofollow", target: "_blank", ...HTMLAttributes }, 0];
  },

  addCommands() {
    const parent = this.parent?.() ?? {};
    return {
      ...parent,
      setLink: attributes => props => {
        const href = completeHref(attributes.href);
        return href !== undefined && (parent.setLink?.({ ...attributes, href })(props) ?? false);
      },
      toggleLink: attributes => props => {
        if (attributes === undefined) return parent.toggleLink?.()(props) ?? false;
        const href = completeHref(attributes.href);
        return href !== undefined && (parent.toggleLink?.({ ...attributes, href })(props) ?? false);
      },
    };
  },

  addProseMirrorPlugins() {
    return (this.parent?.() ?? []).map(appendOnlyToOwn);
  },
}).configure({
  // A click places the caret; the editor opens links by its own key and menu.
  openOnClick: false,
  markdownLinks: true,
  defaultProtocol: "https",
  isAllowedUri: url => completeHref(url) !== undefined,
  shouldAutoLink: url => completeHref(url) !== undefined,
});
