import { wrappingInputRule } from "@tiptap/core";
import { OrderedList as TiptapOrderedList } from "@tiptap/extension-list";
import { validator, wholeNumber } from "../attributes.ts";
import { LAYOUT } from "../layout.ts";

/** HTML's five ways to number. */
const NUMBERINGS: readonly unknown[] = [null, "1", "a", "A", "i", "I"];

const isStart = wholeNumber(0, LAYOUT.listStartMax);
const isNumbering = (value: unknown): boolean => NUMBERINGS.includes(value);

/** A numbered list, from `start`, in one of HTML's numberings. */
export const OrderedList = TiptapOrderedList.extend({
  addAttributes() {
    const parent = this.parent?.() ?? {};
    return {
      start: {
        default: 1,
        validate: validator("start", isStart),
        parseHTML: element => {
          const start = Number.parseInt(element.getAttribute("start") ?? "1", 10);
          return isStart(start) ? start : undefined;
        },
        renderHTML: ({ start }) => (isStart(start) && start !== 1 ? { start } : {}),
      },
      type: {
        default: null,
        validate: validator("type", isNumbering),
        parseHTML: element => {
          const numbering: unknown = parent.type?.parseHTML?.(element);
          return isNumbering(numbering) ? numbering : undefined;
        },
        renderHTML: ({ type }) => (isNumbering(type) && type !== null && type !== "1" ? { type } : {}),
      },
    };
  },

  renderHTML: ({ HTMLAttributes }) => ["ol", HTMLAttributes, 0],

  addInputRules() {
    return [
      wrappingInputRule({
        find: /^(\d{1,9})\.\s$/,
        type: this.type,
        getAttributes: match => ({ start: Number(match[1]) }),
        joinPredicate: (match, node) => node.childCount + node.attrs.start === Number(match[1]),
      }),
    ];
  },
});
