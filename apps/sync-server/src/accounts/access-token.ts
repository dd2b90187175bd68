import { createHash } from "node:crypto";
import { AppError, LIMITS } from "@octavo/schema";
import { PRESENCE_COLORS, type TokenClaims, tokenClaims } from "@octavo/schema/protocol";
import { errors, jwtVerify, SignJWT } from "jose";
import type { Identity } from "./identity.ts";

const ALGORITHM = "HS256";

/** The claims as a signed token. What they allow is decided at each use, not here. */
export function signToken(key: Buffer, claims: TokenClaims): Promise<string> {
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: ALGORITHM, typ: "JWT" }).sign(key);
}

/** Who a token says its bearer is. @throws TOKEN_EXPIRED, TOKEN_INVALID */
export async function readToken(
  key: Buffer,
  token: string,
  now: number,
): Promise<Extract<Identity, { kind: "token" }>> {
  if (token.length > LIMITS.tokenLength) throw new AppError("TOKEN_INVALID");
  const claims = tokenClaims.safeParse(await verify(key, token, now));
  if (!claims.success) throw new AppError("TOKEN_INVALID");
  return { kind: "token", claims: claims.data, color: colorOf(claims.data.sub) };
}

async function verify(key: Buffer, token: string, now: number): Promise<unknown> {
  try {
    const { payload } = await jwtVerify(token, key, { algorithms: [ALGORITHM], currentDate: new Date(now) });
    return payload;
  } catch (cause) {
    throw new AppError(cause instanceof errors.JWTExpired ? "TOKEN_EXPIRED" : "TOKEN_INVALID", undefined, {
      cause,
    });
  }
}

function colorOf(subject: string): number {
  return createHash("sha256").update(subject).digest().readUInt16BE(0) % PRESENCE_COLORS.length;
}
