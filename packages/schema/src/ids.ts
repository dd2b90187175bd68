/**
 * Document ids: 128 random bits as 22 base58 characters (no 0, O, I, l). The id is the only key of a
 * document; the slug before it in an address is decoration.
 */
const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const ID_LENGTH = 22;
const ID_PATTERN = /^[1-9A-HJ-NP-Za-km-z]{22}$/;

/** A new id from the platform's cryptographic random source. */
export function newId(): string {
  return encodeBase58(crypto.getRandomValues(new Uint8Array(16)));
}

/** True for a well-formed id; says nothing about whether the document exists. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && ID_PATTERN.test(value);
}

function encodeBase58(bytes: Uint8Array): string {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (let i = 0; i < ID_LENGTH; i++) {
    text = ALPHABET.charAt(Number(value % 58n)) + text;
    value /= 58n;
  }
  return text;
}

/** Letters and digits of the title in lower case, joined by hyphens; "untitled" where nothing is left. */
export function slugOf(title: string): string {
  const slug = title
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60)
    .replace(/-+$/, "");
  return slug || "untitled";
}

/** Path of a document's page: `/d/{slug}-{id}`. */
export function documentPath(document: { id: string; title: string }): string {
  return `/d/${encodeURIComponent(slugOf(document.title))}-${document.id}`;
}

/** The id at the end of `{slug}-{id}` or a bare id; undefined where there is none. */
export function idFromSlug(segment: string): string | undefined {
  const id = segment.slice(-ID_LENGTH);
  if (!isId(id)) return undefined;
  return segment.length === ID_LENGTH || segment.at(-ID_LENGTH - 1) === "-" ? id : undefined;
}
