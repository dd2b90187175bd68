import { createEncoder, toUint8Array, writeAny } from "lib0/encoding";
import { expect, test } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate, XmlElement, XmlText } from "yjs";
import { written } from "../../test/bytes.ts";
import { isStateVector, readUpdate } from "./guard.ts";
import { knownNames } from "./known-names.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

/** An update with one struct of client 7 at clock 0, under the body, and no deletions. */
const oneStruct = (info: number, ...content: (number | string | number[])[]) =>
  written(1, 1, 7, 0, [info], 1, "default", ...content, 0);

const reasonOf = (update: Uint8Array, kind: "document" | "raw" = "document") => {
  const reading = readUpdate(update, kind === "raw" ? undefined : knownNames);
  return reading.ok ? "" : reading.reason;
};

function updateOf(write: (document: Doc) => void): Uint8Array {
  const document = new Doc();
  document.clientID = 7;
  write(document);
  return encodeStateAsUpdate(document);
}

const body = (document: Doc) => document.getXmlFragment("default");

test("G1 a genuine update is read with its structs and deletions", () => {
  const document = new Doc();
  document.clientID = 7;
  const paragraph = new XmlElement("paragraph");
  paragraph.insert(0, [new XmlText("grüße 😀")]);
  body(document).insert(0, [paragraph]);
  body(document).insert(1, [new XmlElement("horizontalRule")]);
  body(document).delete(1, 1);
  const reading = readUpdate(encodeStateAsUpdate(document), knownNames);
  expect(reading).toMatchObject({
    ok: true,
    sketch: {
      clients: [{ client: 7, structs: expect.arrayContaining([]) }],
      deletions: [{ client: 7, clock: 10, length: 1 }],
    },
  });
});

test("G1 an empty update is well-formed", () => {
  expect(reasonOf(bytes(0, 0))).toBe("");
});

test.each([
  ["a GC struct of length zero", bytes(1, 1, 0x22, 0, 0, 0, 0), "a struct of length zero"],
  ["a deletion of length zero", bytes(0, 1, 7, 1, 0, 0), "a deletion of length zero"],
  ["an empty string", oneStruct(4, ""), "a struct of length zero"],
  ["no values", oneStruct(8, 0), "a struct of length zero"],
  ["deleted content of length zero", oneStruct(1, 0), "a struct of length zero"],
  ["a client without structs", written(1, 0, 7, 0, 0, 0, 0), "a client without structs"],
  ["a client twice", written(2, 1, 7, 0, [0], 1, 1, 7, 1, [0], 1, 0), "a client appears twice"],
  ["bytes after the end", bytes(0, 0, 0), "bytes after the end"],
  [
    "a cut",
    updateOf(d => body(d).insert(0, [new XmlElement("paragraph")])).subarray(0, 9),
    "a count over what is there",
  ],
  ["a count that cannot be", written(2 ** 25, 0), "a count over what is there"],
  ["many structs that cannot be", written(1, 2 ** 25, 7, 0), "a count over what is there"],
  ["a clock at the end", written(1, 1, 7, 2 ** 31 - 1, [0], 5, 0), "a clock over the limit"],
  ["a deletion at the end", written(0, 1, 7, 1, 2 ** 31 - 1, 5), "a clock over the limit"],
  ["a sub-document", oneStruct(9, "id", [118, 0]), "an unknown kind of content"],
  ["an unknown content", oneStruct(11), "an unknown kind of content"],
  ["its own origin", written(1, 1, 7, 0, [0x84], 7, 0, "a", 0), "a struct depends on a later one"],
  ["flags on GC", written(1, 1, 7, 0, [0x80], 1, 0), "flags on a struct that has none"],
  ["another root", written(1, 1, 7, 0, [4], 1, "other", "a", 0), "an unknown root type"],
  ["an unknown node", oneStruct(7, 3, "script"), "an unknown node"],
  ["an unexpected type", oneStruct(7, 1), "an unexpected shared type"],
  ["an unknown mark", oneStruct(6, "blink", "true"), "an unknown mark"],
  ["a script in a link", oneStruct(6, "link", '{"href":"javascript:alert(1)"}'), "an unknown mark"],
  ["a value that is not JSON", oneStruct(5, "{"), "a value that is not JSON"],
  ["undefined as JSON", oneStruct(5, "undefined"), "a value that is not JSON"],
  ["deep JSON", oneStruct(5, "[".repeat(5000) + "]".repeat(5000)), "a value nested too deep"],
  ["a prototype in JSON", oneStruct(5, '{"__proto__":{}}'), "a forbidden key"],
  ["a prototype in a value", oneStruct(8, 1, [118], 1, "__proto__", [126]), "a forbidden key"],
  [
    "a prototype as attribute",
    written(1, 1, 7, 0, [0x28], 1, "default", "__proto__", 1, [126], 0),
    "a forbidden key",
  ],
  ["a bigint", oneStruct(8, 1, [122, 0, 0, 0, 0, 0, 0, 0, 1]), "a bigint"],
  ["text that is not UTF-8", oneStruct(4, 2, [0xc3, 0x28]), "a string that is not UTF-8"],
])("G2 %s is refused", (_, update, reason) => {
  expect(reasonOf(update)).toBe(reason);
});

test("G3 values nested too deep are refused", () => {
  const deep = (levels: number) => {
    const encoder = createEncoder();
    let value: unknown = 1;
    for (let i = 0; i < levels; i++) value = [value];
    writeAny(encoder, value as Parameters<typeof writeAny>[1]);
    return [...toUint8Array(encoder)];
  };
  expect(reasonOf(oneStruct(8, 1, deep(20)))).toBe("");
  expect(reasonOf(oneStruct(8, 1, deep(40)))).toBe("a value nested too deep");
});

test("G4 a document of kind raw may hold anything that Yjs can", () => {
  const update = updateOf(document => {
    document.getMap("state").set("a", { b: [1, null, "x"] });
    document.getText("code").insert(0, "let x");
    document.getArray("list").push([new Uint8Array([1, 2]), { big: 1n }]);
  });
  expect(reasonOf(update, "raw")).toBe("");
  expect(reasonOf(update)).not.toBe("");
});

test("G4 a mark that may overlap itself is known by its plain name", () => {
  const format = (key: string) => oneStruct(6, key, "true");
  expect(reasonOf(format("bold"))).toBe("");
  expect(reasonOf(format("bold--abcdefgh"))).toBe("");
  expect(reasonOf(format("blink--abcdefgh"))).toBe("an unknown mark");
});

test("G5 the update that no document survives is real, and refused", () => {
  const poison = bytes(1, 1, 0x22, 0, 0, 0, 0);
  const document = new Doc();
  applyUpdate(document, poison);
  expect(() => {
    const copy = new Doc();
    applyUpdate(copy, encodeStateAsUpdate(document));
    if (copy.store.clients.size === 0) throw new Error("lost");
  }).toThrow();
  expect(reasonOf(poison)).not.toBe("");
});

test("G6 a state vector's count is held against its bytes", () => {
  expect(isStateVector(bytes(0))).toBe(true);
  expect(isStateVector(bytes(1, 7, 5))).toBe(true);
  expect(isStateVector(written(2 ** 25))).toBe(false);
  expect(isStateVector(bytes(1, 7))).toBe(false);
  expect(isStateVector(bytes(0, 0))).toBe(false);
});
