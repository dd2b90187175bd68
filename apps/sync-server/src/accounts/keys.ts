import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";

/** Tells an API key from an access token, and a leaked one to a secret scanner. */
export const API_KEY_PREFIX = "octavo_key_";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A key for one purpose: what is made for one is worth nothing for another. */
export function keyFor(secret: string, purpose: string): Buffer {
  return Buffer.from(
    hkdfSync("sha256", Buffer.from(secret, "base64url"), Buffer.alloc(0), `octavo ${purpose}`, 32),
  );
}

/** 256 random bits for a link, an invitation, a key or a guest: too many to guess, so a plain hash hides them. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** Whether a credential is an API key, by its form alone. */
export function isApiKey(credential: string): boolean {
  return credential.startsWith(API_KEY_PREFIX);
}

/** What is stored of a secret and looked up by. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}

/** Compares without telling by its duration where two texts differ. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}

/** AES-256-GCM: nonce, ciphertext, tag, as base64url. */
export function seal(key: Buffer, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString("base64url");
}

/** Reverses `seal`. @throws Error where the text was changed or sealed with another key */
export function unseal(key: Buffer, sealed: string): string {
  const bytes = Buffer.from(sealed, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString(
    "utf8",
  );
}

/** `text.signature`, for a cookie that must come back unchanged. */
export function sign(key: Buffer, text: string): string {
  return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
}

/** The text of `sign`, or undefined where the signature is not ours. */
export function readSigned(key: Buffer, signed: string): string | undefined {
  const text = signed.slice(0, Math.max(0, signed.lastIndexOf(".")));
  return sameSecret(sign(key, text), signed) ? text : undefined;
}
