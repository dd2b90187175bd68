import { describe, expect, test } from "vitest";
import { createRequesterReader, removeClaims } from "./requester.ts";

const SECRET = "s".repeat(43);

function ask(
  remoteAddress: string,
  headers: Record<string, string>,
  trust: readonly string[] = ["loopback"],
) {
  return createRequesterReader(
    trust,
    SECRET,
  )({
    headers: { host: "octavo.local:3000", ...headers },
    socket: { remoteAddress },
  });
}

describe("who asks", () => {
  test("without a proxy it is the socket's address and the Host header", () => {
    expect(ask("192.0.2.7", {})).toEqual({
      address: "192.0.2.7",
      protocol: "http",
      host: "octavo.local:3000",
      isOurPages: false,
    });
    expect(ask("::ffff:192.0.2.7", {}).address).toBe("192.0.2.7");
  });

  test("a stranger's X-Forwarded-* changes nothing", () => {
    const forged = {
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "evil.example",
    };
    expect(ask("192.0.2.7", forged)).toEqual({
      address: "192.0.2.7",
      protocol: "http",
      host: "octavo.local:3000",
      isOurPages: false,
    });
  });

  test("a trusted proxy's are believed, from our side up to the first hop that is not trusted", () => {
    const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "docs.example.com" };
    expect(ask("127.0.0.1", { ...forwarded, "x-forwarded-for": "198.51.100.9" })).toEqual({
      address: "198.51.100.9",
      protocol: "https",
      host: "docs.example.com",
      isOurPages: false,
    });
    expect(
      ask("127.0.0.1", { "x-forwarded-for": "6.6.6.6, 198.51.100.9, 10.0.0.2" }, ["loopback", "private"])
        .address,
    ).toBe("198.51.100.9");
    expect(ask("::1", { "x-forwarded-for": "nonsense, 198.51.100.9" }).address).toBe("198.51.100.9");
    expect(ask("127.0.0.1", { "x-forwarded-for": "nonsense" }).address).toBe("127.0.0.1");
  });

  test("single addresses and networks can be trusted, nobody can", () => {
    expect(ask("203.0.113.5", { "x-forwarded-for": "198.51.100.9" }, ["203.0.113.0/24"]).address).toBe(
      "198.51.100.9",
    );
    expect(ask("2001:db8::5", { "x-forwarded-for": "[2001:db8:1::9]:4711" }, ["2001:db8::5"]).address).toBe(
      "2001:db8:1::9",
    );
    expect(ask("127.0.0.1", { "x-forwarded-for": "198.51.100.9" }, []).address).toBe("127.0.0.1");
  });

  test("a host that could not be one is empty", () => {
    expect(ask("192.0.2.7", { host: "a b" }).host).toBe("");
    expect(ask("192.0.2.7", { host: "user@evil/" }).host).toBe("");
    expect(ask("192.0.2.7", { host: "[::1]:3000" }).host).toBe("[::1]:3000");
  });

  test("our own pages, and nobody without the secret, ask for a visitor", () => {
    const visitor = {
      "x-octavo-client-address": "198.51.100.9",
      "x-forwarded-host": "docs.example.com",
      "x-forwarded-proto": "https",
    };
    expect(ask("127.0.0.1", { ...visitor, "x-octavo-internal": SECRET })).toEqual({
      address: "198.51.100.9",
      protocol: "https",
      host: "docs.example.com",
      isOurPages: true,
    });
    expect(ask("192.0.2.7", { ...visitor, "x-octavo-internal": `${SECRET.slice(1)}t` }).address).toBe(
      "192.0.2.7",
    );
  });

  test("what nobody may say is gone from both forms of the headers", () => {
    const rawHeaders = [
      "Host",
      "a",
      "X-Octavo-Internal",
      "s",
      "X-Forwarded-For",
      "1.2.3.4",
      "Cookie",
      "c=1",
      "Forwarded",
      "for=1.2.3.4",
    ];
    const request = {
      headers: {
        host: "a",
        "x-octavo-internal": "s",
        "x-forwarded-for": "1.2.3.4",
        cookie: "c=1",
        forwarded: "for=1.2.3.4",
      },
      rawHeaders,
    };
    removeClaims(request);
    expect(request).toEqual({
      headers: { host: "a", cookie: "c=1" },
      rawHeaders: ["Host", "a", "Cookie", "c=1"],
    });
  });
});
