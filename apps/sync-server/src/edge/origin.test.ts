import { expect, test } from "vitest";
import { createRequesterReader } from "../config/requester.ts";
import { credentialsOfOrigin } from "./origin.ts";

const NONE = { url: undefined, embedOrigins: [] };

/** What a page of `origin` may use at this scheme and host: "http://localhost:3000". */
function credentials(
  origin: string | undefined,
  at: string,
  rules = NONE as Parameters<typeof credentialsOfOrigin>[1],
) {
  const [protocol, host = ""] = at.split("://") as ["http" | "https", string?];
  return credentialsOfOrigin({ origin, protocol, host }, rules);
}

test.each([
  ["http://localhost:3000", "http://localhost:3000", "cookie"],
  ["http://192.168.1.20:3000", "http://192.168.1.20:3000", "cookie"],
  ["http://[2001:db8::1]:3000", "http://[2001:db8::1]:3000", "cookie"],
  ["https://docs.example.org", "https://docs.example.org", "cookie"],
  ["https://docs.example.org", "https://docs.example.org:443", "cookie"],
  ["http://docs.example.org", "http://docs.example.org:80", "cookie"],
  ["http://localhost:3000", "http://localhost:4000", undefined],
  ["https://evil.example", "https://docs.example.org", undefined],
  ["https://docs.example.org.evil.example", "https://docs.example.org", undefined],
  ["http://docs.example.org", "https://docs.example.org", undefined],
  ["https://docs.example.org", "http://docs.example.org", undefined],
  ["https://docs.example.org:80", "http://docs.example.org", undefined],
  ["null", "https://docs.example.org", undefined],
  ["", "https://docs.example.org", undefined],
  ["https://docs.example.org", "https://", undefined],
  ["null", "https://", undefined],
  [undefined, "https://docs.example.org", "token"],
])("O1 a page of %s at %s may use %s", (origin, at, wanted) => {
  expect(credentials(origin, at)).toBe(wanted);
});

test("O1 the scheme is what a trusted proxy says, and nobody else", () => {
  const seen = (peer: string) => {
    const headers = { host: "docs.example.org", "x-forwarded-proto": "https" };
    const request = { headers, socket: { remoteAddress: peer } };
    const { protocol, host } = createRequesterReader(["loopback"], "secret")(request);
    return credentialsOfOrigin({ origin: "https://docs.example.org", protocol, host }, NONE);
  };
  expect(seen("127.0.0.1")).toBe("cookie");
  expect(seen("203.0.113.7")).toBeUndefined();
});

test("O2 a configured address takes the place of the host", () => {
  const rules = { url: "https://docs.example.org/", embedOrigins: [] };
  expect(credentials("https://docs.example.org", "http://10.0.0.5:3000", rules)).toBe("cookie");
  expect(credentials("http://10.0.0.5:3000", "http://10.0.0.5:3000", rules)).toBeUndefined();
  expect(credentials("http://docs.example.org", "http://docs.example.org", rules)).toBeUndefined();
});

test("O3 a page that may embed has a token and no cookie", () => {
  const rules = { url: undefined, embedOrigins: ["https://wiki.example.org"] };
  expect(credentials("https://wiki.example.org", "https://docs.example.org", rules)).toBe("token");
  expect(credentials("http://wiki.example.org", "https://docs.example.org", rules)).toBeUndefined();
});
