/**
 * HTML as it occurs inside Markdown, cut into tags and text. Not a parser of pages (those go through a DOM): it
 * knows no nesting, and nothing of it is ever passed on as HTML. Time is linear in the length.
 */
export type HtmlToken =
  | { type: "text"; text: string }
  | { type: "open"; name: string; attributes: ReadonlyMap<string, string> }
  | { type: "close"; name: string };

/** A longer tag is text: the scan for its end must not start again and again over the same megabytes. */
const TAG_LENGTH = 8192;
/** Elements whose content is no text of the document. */
const HIDDEN = new Set([
  "script",
  "style",
  "template",
  "noscript",
  "iframe",
  "object",
  "svg",
  "math",
  "title",
  "head",
]);

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
  copy: "©",
  mdash: "—",
  ndash: "–",
  hellip: "…",
};

/** Whether what stands inside this element is left out. */
export function isHidden(name: string): boolean {
  return HIDDEN.has(name);
}

/** Cuts HTML into tokens; comments, declarations and processing instructions are left out. */
export function tokenizeHtml(html: string): HtmlToken[] {
  const tokens: HtmlToken[] = [];
  let position = 0;
  while (position < html.length) {
    const start = html.indexOf("<", position);
    const text = html.slice(position, start === -1 ? html.length : start);
    if (text) tokens.push({ type: "text", text: decodeEntities(text) });
    if (start === -1) break;
    const end = endOfMarkup(html, start);
    const tag = readTag(html.slice(start + 1, end - 1));
    if (end === start) {
      tokens.push({ type: "text", text: "<" });
      position = start + 1;
    } else {
      if (tag) tokens.push(tag);
      position = end;
    }
  }
  return tokens;
}

/** Where the tag or comment that starts here ends; its own start where it is none. */
function endOfMarkup(html: string, start: number): number {
  if (html.startsWith("<!--", start)) {
    const end = html.indexOf("-->", start + 4);
    return end === -1 ? html.length : end + 3;
  }
  if (!/[a-z/!?]/i.test(html.charAt(start + 1))) return start;
  let quote = "";
  for (let at = start + 1; at < html.length && at - start < TAG_LENGTH; at++) {
    const character = html.charAt(at);
    if (quote) {
      if (character === quote) quote = "";
    } else if (character === ">") {
      return at + 1;
    } else if (character === "<") {
      return start;
    } else if ((character === '"' || character === "'") && html.charAt(at - 1) === "=") {
      quote = character;
    }
  }
  return start;
}

function readTag(inner: string): HtmlToken | undefined {
  const name = /^\/?([a-z][a-z0-9-]*)/i.exec(inner)?.[1]?.toLowerCase();
  if (!name) return undefined;
  if (inner.startsWith("/")) return { type: "close", name };
  const attributes = new Map<string, string>();
  for (const match of inner
    .slice(name.length)
    .matchAll(/([a-z][\w:-]*)(?:=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi)) {
    const value = match[2] ?? match[3] ?? match[4] ?? "";
    const key = (match[1] ?? "").toLowerCase();
    if (!attributes.has(key)) attributes.set(key, decodeEntities(value));
  }
  return { type: "open", name, attributes };
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal, hex, name) => {
    if (name) return ENTITIES[name.toLowerCase()] ?? whole;
    const code = decimal ? Number(decimal) : Number.parseInt(hex, 16);
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
      ? String.fromCodePoint(code)
      : "\ufffd";
  });
}
