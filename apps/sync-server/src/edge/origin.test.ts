import { expect, test } from "vitest";
import { credentialsOfOrigin } from "./origin.ts";

const NONE = { url: undefined, embedOrigins: [] };

test.each([
  ["http://localhost:3000", "localhost:3000", "cookie"],
  ["http://192.168.1.20:3000", "192.168.1.20:3000", "cookie"],
  ["https://docs.example.org", "docs.example.org", "cookie"],
  ["https://docs.example.org", "docs.example.org:443", "cookie"],
  ["http://localhost:3000", "localhost:4000", undefined],
  ["https://evil.example", "docs.example.org", undefined],
  ["https://docs.example.org.evil.example", "docs.example.org", undefined],
  ["null", "docs.example.org", undefined],
  ["https://docs.example.org", "", undefined],
  [undefined, "docs.example.org", "token"],
])("O1 a page of %s at host %s may use %s", (origin, host, credentials) => {
  expect(credentialsOfOrigin({ origin, host }, NONE)).toBe(credentials);
});

test("O2 a configured address takes the place of the host", () => {
  const rules = { url: "https://docs.example.org/", embedOrigins: [] };
  expect(credentialsOfOrigin({ origin: "https://docs.example.org", host: "10.0.0.5:3000" }, rules)).toBe(
    "cookie",
  );
  expect(
    credentialsOfOrigin({ origin: "http://10.0.0.5:3000", host: "10.0.0.5:3000" }, rules),
  ).toBeUndefined();
  expect(
    credentialsOfOrigin({ origin: "http://docs.example.org", host: "docs.example.org" }, rules),
  ).toBeUndefined();
});

test("O3 a page that may embed has a token and no cookie", () => {
  const rules = { url: undefined, embedOrigins: ["https://wiki.example.org"] };
  expect(credentialsOfOrigin({ origin: "https://wiki.example.org", host: "docs.example.org" }, rules)).toBe(
    "token",
  );
});
