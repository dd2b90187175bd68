import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { AppError, LIMITS } from "@octavo/schema";
import { PRESENCE_COLORS, type TokenClaims, tokenClaims } from "@octavo/schema/protocol";
import { SignJWT } from "jose";
import type { Identity } from "./identity.ts";

const ALGORITHM = "HS256";

/** The claims as a signed token. What they allow is decided at each use, not here. */
export function signToken(key: Buffer, claims: TokenClaims): Promise<string> {
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: ALGORITHM, typ: "JWT" }).sign(key);
}

/** Who a token says its bearer is. @throws TOKEN_EXPIRED, TOKEN_INVALID */
export function readToken(key: Buffer, token: string, now: number): Extract<Identity, { kind: "token" }> {
  const claims = claimsOf(key, token);
  if (claims.exp <= Math.floor(now / 1000)) throw new AppError("TOKEN_EXPIRED");
  return { kind: "token", claims, color: colorOf(claims.sub) };
}

/** What a token of ours says, also one that has ended. @throws TOKEN_INVALID */
export function claimsOf(key: Buffer, token: string): TokenClaims {
  const claims = tokenClaims.safeParse(verified(key, token));
  if (!claims.success) throw new AppError("TOKEN_INVALID");
  return claims.data;
}

/**
 * The payload of a JWS in compact form (RFC 7515, 3.1) with the one algorithm that there is here; undefined for any
 * other. Not by the library that signs: its Web Crypto takes a thread and 90 µs a token, a quarter of what it costs to
 * let somebody in, and after a restart everybody comes at once.
 */
function verified(key: Buffer, token: string): unknown {
  if (token.length > LIMITS.tokenLength) return undefined;
  const [header = "", payload = "", signature = "", ...rest] = token.split(".");
  if (rest.length > 0) return undefined;
  const expected = createHmac("sha256", key).update(`${header}.${payload}`).digest("base64url");
  // Compared as text: a second spelling of the same bytes is not what was signed.
  const [given, wanted] = [Buffer.from(signature), Buffer.from(expected)];
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
  // Signed with our key, and so written by us; still, only what we write is read.
  const { alg, crit } = (jsonOf(header) ?? {}) as { alg?: unknown; crit?: unknown };
  return alg === ALGORITHM && crit === undefined ? jsonOf(payload) : undefined;
}

function jsonOf(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return undefined;
  }
}

function colorOf(subject: string): number {
  return createHash("sha256").update(subject).digest().readUInt16BE(0) % PRESENCE_COLORS.length;
}
