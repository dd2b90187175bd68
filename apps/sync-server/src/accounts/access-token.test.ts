import { newId } from "@octavo/schema";
import type { TokenClaims } from "@octavo/schema/protocol";
import { CompactSign, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { readToken, signToken } from "./access-token.ts";

const KEY = Buffer.alloc(32, 1);
const NOW = 1_800_000_000_000;
const claims: TokenClaims = {
  sub: "ana",
  name: "Ana",
  doc: newId(),
  role: "editor",
  iss: "user:1",
  iat: NOW / 1000 - 10,
  exp: NOW / 1000 + 60,
};

const refusal = (token: string, now = NOW) => {
  try {
    readToken(KEY, token, now);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const withHeader = (header: Record<string, unknown>, key: Uint8Array = KEY) =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: "HS256", ...header }).sign(key);

describe("an access token", () => {
  test("says what was signed, until it ends", async () => {
    const token = await signToken(KEY, claims);
    expect(readToken(KEY, token, NOW).claims).toEqual(claims);
    expect(readToken(KEY, token, NOW + 59_999).claims.sub).toBe("ana");
    expect(refusal(token, NOW + 60_000)).toBe("TOKEN_EXPIRED");
  });

  test("counts for nothing when it was signed otherwise, or not at all", async () => {
    const token = await signToken(KEY, claims);
    const [header, payload, signature] = token.split(".") as [string, string, string];
    const other = Buffer.from(JSON.stringify({ ...claims, role: "owner" })).toString("base64url");
    for (const forged of [
      await withHeader({}, Buffer.alloc(32, 2)),
      await withHeader({ alg: "HS512" }, Buffer.alloc(64, 1)),
      await withHeader({ alg: "HS384" }, Buffer.alloc(48, 1)),
      new UnsecuredJWT({ ...claims }).encode(),
      `${header}.${other}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${payload}.${signature.slice(0, -1)}`,
      `${header}.${payload}.${signature}=`,
      `${header}.${payload}.${signature}.${signature}`,
      `${header}.${payload}.${signature} `,
      "",
      "..",
      "a".repeat(100_000),
    ]) {
      expect(refusal(forged), forged.slice(0, 200)).toBe("TOKEN_INVALID");
    }
  });

  test("counts for nothing when it has the right signature and is none of ours", async () => {
    const sign = (payload: string, header: Record<string, unknown> = {}) =>
      new CompactSign(Buffer.from(payload))
        .setProtectedHeader({ alg: "HS256", ...header } as { alg: string })
        .sign(KEY);
    expect(refusal(await sign("not json"))).toBe("TOKEN_INVALID");
    expect(refusal(await sign("null"))).toBe("TOKEN_INVALID");
    expect(refusal(await sign(JSON.stringify({ ...claims, doc: "../x" })))).toBe("TOKEN_INVALID");
    expect(refusal(await sign(JSON.stringify({ ...claims, exp: "never" })))).toBe("TOKEN_INVALID");
    expect(refusal(await sign(JSON.stringify(claims)))).toBeUndefined();
  });
});
