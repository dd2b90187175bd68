import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { BLOCK_NODES } from "./block-ids.ts";
import { documentNames, isAttributeValue, isMarkKey, isNodeName } from "./names.ts";
import { documentSchema } from "./schema.ts";
import { SCHEMA_HISTORY, SCHEMA_VERSION } from "./schema-version.ts";

/** The schema each version had: a hash that changed wants a new version, a line of history and its hash here. */
const HASHES: Readonly<Record<number, string>> = { 1: "0044a44be7f66fe0" };

describe("the schema", () => {
  test("is the one of its version", () => {
    expect(SCHEMA_HISTORY[SCHEMA_VERSION]).toBeTruthy();
    expect(hashOf()).toBe(HASHES[SCHEMA_VERSION]);
  });

  test("gives an id to every block", () => {
    const blocks = Object.values(documentSchema().nodes).filter(type => type.isBlock && type.name !== "doc");
    expect(blocks.map(type => type.name).sort()).toEqual([...BLOCK_NODES].sort());
    for (const type of blocks) expect(type.spec.attrs).toHaveProperty("id");
  });

  test("tests the value of every attribute", () => {
    for (const types of [documentNames.nodes, documentNames.marks]) {
      for (const [name, attributes] of types) {
        for (const [attribute, { validate, default: initial }] of attributes) {
          expect(validate, `${name}.${attribute}`).toBeTypeOf("function");
          expect(() => (validate as (value: unknown) => void)(initial)).not.toThrow();
          expect(() => (validate as (value: unknown) => void)({ toString: () => "x" })).toThrow();
        }
      }
    }
  });

  test("has names for the guard", () => {
    expect(isNodeName("paragraph")).toBe(true);
    expect(isNodeName("script")).toBe(false);
    expect(isNodeName("constructor")).toBe(false);
    expect(isMarkKey("bold")).toBe(true);
    expect(isMarkKey("comment--AbCd+/12")).toBe(false);
    expect(isAttributeValue("marks", "link", "href", "javascript:alert(1)")).toBe(false);
    expect(isAttributeValue("marks", "link", "href", "https://a.b")).toBe(true);
    expect(isAttributeValue("nodes", "tableCell", "colspan", 1e9)).toBe(false);
    expect(isAttributeValue("nodes", "heading", "level", 7)).toBe(false);
  });
});

function hashOf(): string {
  const { nodes, marks } = documentSchema();
  const shape = [nodes, marks].map(types =>
    Object.values(types)
      .map(({ name, spec }) => {
        const { content, group, marks, inline, excludes } = spec as Record<string, unknown>;
        return [
          name,
          { content, group, marks, inline, excludes },
          Object.entries(spec.attrs ?? {}).map(([key, value]) => [
            key,
            (value as { default?: unknown }).default,
          ]),
        ];
      })
      .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  );
  return createHash("sha256").update(JSON.stringify(shape)).digest("hex").slice(0, 16);
}
