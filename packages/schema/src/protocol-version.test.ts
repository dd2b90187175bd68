import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { ERRORS } from "./errors.ts";
import * as http from "./http/index.ts";
import * as protocol from "./protocol/index.ts";

/** What each version said on the wire: a hash that changed wants a new version and its hash here. */
const HASHES: Readonly<Record<number, string>> = {
  1: "532b2fe986c56e2a",
  2: "057a03a09e3b8d83",
};

describe("the protocol", () => {
  test("is the one of its version", () => {
    expect(hashOf(shapesOf(protocol))).toBe(HASHES[protocol.PROTOCOL_VERSION]);
  });

  test("every code has a status, a close code that fits its recovery, and a sentence", () => {
    for (const [code, { status, closeCode, recovery, title }] of Object.entries(ERRORS)) {
      expect(code).toMatch(/^[A-Z][A-Z_]+$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(title).toMatch(/\.$/);
      // y-websocket gives up on 4400-4499 and comes back on anything else.
      if (recovery === "retry") expect(closeCode < 4400 || closeCode > 4499, code).toBe(true);
      else if (code !== "DOCUMENT_DAMAGED") expect(closeCode >= 4400 && closeCode <= 4499, code).toBe(true);
    }
  });

  test("server messages are read back, and anything else is not a message", () => {
    const message = { type: "write-refused", code: "READ_ONLY" } as const;
    expect(protocol.readServerMessage(protocol.writeServerMessage(message))).toEqual(message);
    for (const junk of [
      "",
      "not json",
      "null",
      "[]",
      '{"type":"surprise"}',
      '{"type":"write-refused","code":"NOPE"}',
    ]) {
      expect(protocol.readServerMessage(junk)).toBeUndefined();
    }
  });

  test("a handshake is read back, and junk counts as absent", () => {
    const read = (query: string) => protocol.readHandshake(new URLSearchParams(query));
    const path = protocol.syncPath("a/b", { schema: 1, epoch: 2 });
    expect(path).toBe("/sync/v1/a%2Fb?schema=1&epoch=2");
    expect(read(path.split("?")[1] ?? "")).toEqual({ schema: 1, epoch: 2 });
    expect(read("schema=1e3&epoch=-1")).toEqual({});
    expect(read("schema=&epoch=99999999999")).toEqual({});
  });
});

describe("the HTTP contracts", () => {
  test("accept content in four formats and nothing else", () => {
    const content = (value: unknown) => http.contentIn.safeParse(value).success;
    expect(content({ format: "markdown", body: "# x" })).toBe(true);
    expect(content({ format: "yjs", body: "AAA=" })).toBe(true);
    expect(content({ format: "yjs", body: "not base64!" })).toBe(false);
    expect(content({ format: "json", body: "[]" })).toBe(false);
    expect(content({ format: "docx", body: "" })).toBe(false);
  });

  test("refuse control characters and too much length in titles", () => {
    expect(http.createDocument.safeParse({ title: "a\u0000b" }).success).toBe(false);
    expect(http.createDocument.safeParse({ title: "x".repeat(301) }).success).toBe(false);
    expect(http.createDocument.parse({ title: "  Plan  " }).title).toBe("Plan");
  });
});

/** Paths and numbers as they are, schemas as JSON Schema. What JSON Schema cannot say (refinements) is not in it. */
function shapesOf(exports: Record<string, unknown>): unknown {
  return Object.entries(exports)
    .filter(([name, value]) => typeof value !== "function" && name !== "PROTOCOL_VERSION")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [
      name,
      value instanceof z.ZodType ? z.toJSONSchema(value, { unrepresentable: "any" }) : value,
    ]);
}

function hashOf(shape: unknown): string {
  return createHash("sha256").update(JSON.stringify(shape)).digest("hex").slice(0, 16);
}
