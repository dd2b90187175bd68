import { describe, expect, test } from "vitest";
import type { Requester } from "../config/requester.ts";
import { contentSecurityPolicy, securityHeaders } from "./security-headers.ts";

const plain: Requester = {
  address: "192.0.2.7",
  protocol: "http",
  host: "octavo.local:3000",
  isOurPages: false,
};
const secure: Requester = {
  address: "192.0.2.7",
  protocol: "https",
  host: "docs.example.com",
  isOurPages: false,
};
const closed = { embedOrigins: [], development: false };

describe("headers of the pages", () => {
  test("scripts need this request's nonce, and sockets go to the same host only", () => {
    const policy = contentSecurityPolicy("abc", plain, closed);
    expect(policy).toContain("script-src 'self' 'nonce-abc' 'strict-dynamic';");
    expect(policy).toContain("connect-src 'self' ws://octavo.local:3000;");
    expect(policy).toContain("object-src 'none'; base-uri 'none'");
    expect(contentSecurityPolicy("abc", secure, closed)).toContain("wss://docs.example.com;");
  });

  test("nobody frames a page but the origins that were allowed", () => {
    expect(contentSecurityPolicy("abc", plain, closed)).toContain("frame-ancestors 'none'");
    expect(securityHeaders("/", plain, closed)).toHaveProperty("x-frame-options", "DENY");
    const open = { ...closed, embedOrigins: ["https://a.example"] };
    expect(contentSecurityPolicy("abc", plain, open)).toContain("frame-ancestors 'self' https://a.example");
    expect(securityHeaders("/", plain, open)).not.toHaveProperty("x-frame-options");
  });

  test("only a page that came by https asks to be always opened by https", () => {
    expect(securityHeaders("/", plain, closed)).not.toHaveProperty("strict-transport-security");
    expect(securityHeaders("/", secure, closed)).toHaveProperty("strict-transport-security");
  });

  test("pages with a secret in their address send no referrer at all", () => {
    const policyOf = (path: string) => securityHeaders(path, plain, closed)["referrer-policy"];
    expect(["/setup?token=x", "/invite/x", "/s/x"].map(policyOf)).toEqual(Array(3).fill("no-referrer"));
    expect(["/", "/d/notes-x", "/settings"].map(policyOf)).toEqual(Array(3).fill("same-origin"));
  });
});
