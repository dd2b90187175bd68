import {
  normalizeColor,
  normalizeHref,
  normalizeImageSource,
  normalizeNumber,
  normalizeText,
  wholeNumber,
} from "../document/attributes.ts";
import type { LooseNode } from "../document/fit.ts";
import { LAYOUT } from "../document/layout.ts";

/**
 * The HTML tags that Markdown carries for what it has no sign for. What `toMarkdown` writes, `fromMarkdown` reads;
 * a few more are read because people write them by hand. Everything else is left out, its text stays.
 */
const MARK_OF_TAG: Readonly<Record<string, string>> = {
  u: "underline",
  ins: "underline",
  s: "strike",
  del: "strike",
  strike: "strike",
  sub: "subscript",
  sup: "superscript",
  b: "bold",
  strong: "bold",
  i: "italic",
  em: "italic",
  code: "code",
  kbd: "code",
  samp: "code",
};

const isSize = wholeNumber(1, LAYOUT.imageSizeMax);

/** The mark that an opening tag begins; undefined where it begins none. */
export function markOfTag(name: string, attributes: ReadonlyMap<string, string>): LooseNode | undefined {
  const plain = Object.hasOwn(MARK_OF_TAG, name) ? MARK_OF_TAG[name] : undefined;
  if (plain) return { type: plain };
  if (name === "mark") {
    const color =
      normalizeColor(attributes.get("data-color")) ?? normalizeColor(styleOf(attributes, "background-color"));
    return { type: "highlight", attrs: { color: color ?? null } };
  }
  if (name === "span" || name === "font") {
    const color = normalizeColor(styleOf(attributes, "color") ?? attributes.get("color"));
    return color === undefined ? undefined : { type: "textStyle", attrs: { color } };
  }
  if (name === "a") {
    const href = normalizeHref(attributes.get("href"));
    return href === undefined
      ? undefined
      : { type: "link", attrs: { href, title: normalizeText(attributes.get("title")) ?? null } };
  }
  return undefined;
}

/** The image of an `img` tag; undefined where its address is not allowed. */
export function imageOfTag(attributes: ReadonlyMap<string, string>): LooseNode | undefined {
  const src = normalizeImageSource(attributes.get("src"));
  if (src === undefined) return undefined;
  return {
    type: "image",
    attrs: {
      src,
      alt: normalizeText(attributes.get("alt")) ?? null,
      title: normalizeText(attributes.get("title")) ?? null,
      width: normalizeNumber(attributes.get("width"), isSize) ?? null,
      height: normalizeNumber(attributes.get("height"), isSize) ?? null,
    },
  };
}

/** The attributes of a cell from its `td` or `th`; the schema's own tests come after. */
export function cellAttributesOfTag(attributes: ReadonlyMap<string, string>): Record<string, unknown> {
  const widths = attributes.get("colwidth")?.split(",").map(Number);
  return {
    colspan: Number(attributes.get("colspan") ?? 1),
    rowspan: Number(attributes.get("rowspan") ?? 1),
    align: attributes.get("align") ?? styleOf(attributes, "text-align") ?? null,
    colwidth: widths ?? null,
  };
}

function styleOf(attributes: ReadonlyMap<string, string>, property: string): string | undefined {
  for (const declaration of (attributes.get("style") ?? "").split(";").reverse()) {
    const colon = declaration.indexOf(":");
    if (colon > 0 && declaration.slice(0, colon).trim().toLowerCase() === property)
      return declaration.slice(colon + 1).trim();
  }
  return undefined;
}
