import { LAYOUT } from "./layout.ts";

/**
 * What an attribute may hold. Every value comes from strangers (paste, import, another person's client), so each
 * attribute of the schema names one of these tests; `normalize…` turns foreign spellings into ours, or undefined.
 */

const COLOR = /^#[0-9a-f]{6}$/i;
const LANGUAGE = /^[A-Za-z0-9][\w+#.-]{0,39}$/;
const BLOCK_ID = /^[\w-]{1,40}$/;
// Browsers drop control characters and white space inside a URL before they read its scheme: none is allowed.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const BLANK_OR_CONTROL = /[\s\u0000-\u0020\u007f-\u009f\u2028\u2029]/;
const LINK = /^(?:https?:\/\/[^/]|mailto:[^:]|tel:[+\d*#(]|#.|\/d\/(?!\.)[^/?#\\]+(?:[?#].*)?$)/i;
const IMAGE = /^(?:https?:\/\/[^/]|\/api\/v1\/attachments\/[\w-]+(?:[?#].*)?$)/i;
const RELATIVE_PATH = /^(?![\w+.-]*:)(?:\.{0,2}\/)?[^/\\?#:][^\\:]*$/;
const BARE_DOMAIN = /^[\p{L}\d-]+(?:\.[\p{L}\d-]+)+(?::\d{1,5})?(?:[/?#].*)?$/u;
const BARE_EMAIL = /^[^\s:@/]+@[\p{L}\d-]+(?:\.[\p{L}\d-]+)+$/u;

export function isColor(value: unknown): value is string {
  return typeof value === "string" && COLOR.test(value);
}

export function isLinkHref(value: unknown): value is string {
  return isCleanUrl(value) && LINK.test(value);
}

export function isImageSource(value: unknown): value is string {
  return isCleanUrl(value) && (IMAGE.test(value) || (!value.startsWith("/") && RELATIVE_PATH.test(value)));
}

export function isCodeLanguage(value: unknown): value is string {
  return typeof value === "string" && LANGUAGE.test(value);
}

export function isBlockId(value: unknown): value is string {
  return typeof value === "string" && BLOCK_ID.test(value);
}

export function isShortText(value: unknown): value is string {
  return typeof value === "string" && value.length <= LAYOUT.titleLength;
}

/** A test for whole numbers of a closed range. */
export function wholeNumber(min: number, max: number): (value: unknown) => value is number {
  return (value): value is number => Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
}

/** The same test, but null passes: most attributes may be absent. */
export function nullOr<T>(test: (value: unknown) => value is T): (value: unknown) => value is T | null {
  return (value): value is T | null => value === null || test(value);
}

/** A `validate` of ProseMirror: throws for a value the test does not take. */
export function validator(name: string, test: (value: unknown) => boolean): (value: unknown) => void {
  return value => {
    if (!test(value)) throw new RangeError(`Invalid value for attribute ${name}`);
  };
}

/** A link's address as we store it; undefined where its scheme is not allowed. */
export function normalizeHref(text: string | null | undefined): string | undefined {
  const href = text?.trim().replace(/ /g, "%20");
  return isLinkHref(href) ? href : undefined;
}

/** What a person typed as a link's address, completed: `octavo.dev` and `ana@example.com` are enough. */
export function completeHref(typed: string | null | undefined): string | undefined {
  const text = typed?.trim();
  if (!text) return undefined;
  if (BARE_EMAIL.test(text)) return normalizeHref(`mailto:${text}`);
  if (BARE_DOMAIN.test(text)) return normalizeHref(`https://${text}`);
  return normalizeHref(text);
}

/** An image's address as we store it; undefined where it is not allowed. */
export function normalizeImageSource(text: string | null | undefined): string | undefined {
  const source = text?.trim().replace(/ /g, "%20");
  return isImageSource(source) ? source : undefined;
}

/** `#rgb`, `#rrggbb` or `rgb(r, g, b)` as `#rrggbb`; undefined for anything else (names, gradients, variables). */
export function normalizeColor(text: string | null | undefined): string | undefined {
  const value = text?.trim().toLowerCase();
  if (!value) return undefined;
  if (COLOR.test(value)) return value;
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/.exec(value);
  if (short) return `#${short[1]}${short[1]}${short[2]}${short[2]}${short[3]}${short[3]}`;
  const rgb = /^rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+(?:1|1\.0+|100%))?\s*\)$/.exec(
    value,
  );
  if (!rgb) return undefined;
  const channels = rgb.slice(1, 4).map(Number);
  return channels.every(channel => channel <= 255)
    ? `#${channels.map(channel => channel.toString(16).padStart(2, "0")).join("")}`
    : undefined;
}

/** The whole number a text holds where the test takes it; undefined otherwise. */
export function normalizeNumber(
  text: string | null | undefined,
  test: (value: unknown) => boolean,
): number | undefined {
  const value = text ? Number.parseInt(text, 10) : Number.NaN;
  return test(value) ? value : undefined;
}

/** A text cut to the length an attribute may have; undefined for an empty one. */
export function normalizeText(text: string | null | undefined): string | undefined {
  return text ? text.slice(0, LAYOUT.titleLength) : undefined;
}

function isCleanUrl(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length > 0 &&
    value.length <= LAYOUT.urlLength &&
    !BLANK_OR_CONTROL.test(value)
  );
}
