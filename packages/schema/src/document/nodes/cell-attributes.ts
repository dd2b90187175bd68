import type { Attributes } from "@tiptap/core";
import { normalizeNumber, nullOr, validator, wholeNumber } from "../attributes.ts";
import { LAYOUT } from "../layout.ts";
import { styleOf } from "../marks/style.ts";

const ALIGNMENTS: readonly unknown[] = ["left", "center", "right"];
const isAlignment = (value: unknown): value is string => ALIGNMENTS.includes(value);
const isWidth = wholeNumber(0, LAYOUT.columnWidthMax);
const isWidths = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length >= 1 && value.length <= LAYOUT.colspanMax && value.every(isWidth);

/** The attributes of body and header cells alike. `colwidth`: pixels of each column the cell spans, 0 = unset. */
export function cellAttributes(): Attributes {
  return {
    colspan: span("colspan", LAYOUT.colspanMax),
    rowspan: span("rowspan", LAYOUT.rowspanMax),
    colwidth: {
      default: null,
      validate: validator("colwidth", nullOr(isWidths)),
      parseHTML: element => {
        const widths = element.getAttribute("colwidth")?.split(",").map(Number);
        return isWidths(widths) ? widths : undefined;
      },
      renderHTML: ({ colwidth }) => (isWidths(colwidth) ? { colwidth: colwidth.join(",") } : {}),
    },
    align: {
      default: null,
      validate: validator("align", nullOr(isAlignment)),
      parseHTML: element => {
        const align = (styleOf(element, "text-align") ?? element.getAttribute("align"))?.toLowerCase();
        return isAlignment(align) ? align : undefined;
      },
      renderHTML: ({ align }) => (isAlignment(align) ? { style: `text-align: ${align}` } : {}),
    },
  };
}

function span(name: string, max: number) {
  const isSpan = wholeNumber(1, max);
  return {
    default: 1,
    validate: validator(name, isSpan),
    parseHTML: (element: HTMLElement) => normalizeNumber(element.getAttribute(name), isSpan),
    renderHTML: (attributes: Record<string, unknown>) =>
      isSpan(attributes[name]) && attributes[name] !== 1 ? { [name]: attributes[name] } : {},
  };
}
