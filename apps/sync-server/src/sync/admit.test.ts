import { LIMITS } from "@octavo/schema";
import { describe, expect, test } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector, getState, XmlElement, XmlText } from "yjs";
import { written } from "../../test/bytes.ts";
import { type AdmissionView, judge, type Verdict } from "./admit.ts";
import { knownNames } from "./known-names.ts";
import { hasPending } from "./upstream.ts";

class View implements AdmissionView {
  readonly document = new Doc();
  readonly names = knownNames;
  readonly owners = new Map<number, string>();
  bytes = 0;
  clockOf = (client: number) => getState(this.document.store, client);
  waitingStruct = () => undefined;
  ownerOf = (client: number) => this.owners.get(client);

  /** Judges, and does what the verdict says. */
  take(update: Uint8Array, actor = "user:a"): Verdict["kind"] {
    const verdict = judge(this, update, actor);
    if (verdict.kind === "append") {
      applyUpdate(this.document, verdict.update);
      for (const client of verdict.claims) this.owners.set(client, actor);
    }
    return verdict.kind;
  }
}

/** A document whose updates are kept as they come. */
function writer(clientId: number) {
  const document = new Doc();
  document.clientID = clientId;
  const updates: Uint8Array[] = [];
  document.on("update", (update: Uint8Array, origin: unknown) => {
    if (origin !== "other") updates.push(update);
  });
  const body = document.getXmlFragment("default");
  return {
    document,
    updates,
    paragraph(text: string) {
      const paragraph = new XmlElement("paragraph");
      paragraph.insert(0, [new XmlText(text)]);
      body.insert(body.length, [paragraph]);
      return updates.at(-1)!;
    },
    text: (index: number) => (body.get(index) as XmlElement).get(0) as XmlText,
    image(attributes: Record<string, string | number | object>) {
      const image = new XmlElement<Record<string, string | number | object>>("image");
      for (const [key, value] of Object.entries(attributes)) image.setAttribute(key, value);
      body.insert(body.length, [image as XmlElement]);
      return updates.at(-1)!;
    },
    /** Overwrites an attribute of the first block. */
    set(key: string, value: string | number | object) {
      (body.get(0) as XmlElement<Record<string, string | number | object>>).setAttribute(key, value);
      return updates.at(-1)!;
    },
    removeFirst() {
      body.delete(0, 1);
      return updates.at(-1)!;
    },
  };
}

describe("A1 what brings nothing new is not appended again", () => {
  test("the same update twice, and the whole state after it", () => {
    const [room, one] = [new View(), writer(1)];
    const update = one.paragraph("a");
    expect(room.take(update)).toBe("append");
    expect(room.take(update)).toBe("nothing-new");
    expect(room.take(encodeStateAsUpdate(one.document))).toBe("nothing-new");
  });

  test("a deletion counts once", () => {
    const [room, one] = [new View(), writer(1)];
    room.take(one.paragraph("a"));
    const deletion = one.removeFirst();
    expect(room.take(deletion)).toBe("append");
    expect(room.take(deletion)).toBe("nothing-new");
  });

  test("only the new part of a whole state is appended", () => {
    const [room, one] = [new View(), writer(1)];
    for (let i = 0; i < 50; i++) room.take(one.paragraph(`paragraph ${i}`));
    const last = one.paragraph("new");
    const verdict = judge(room, encodeStateAsUpdate(one.document), "user:a");
    expect(verdict.kind === "append" && verdict.update.length).toBeLessThan(last.length + 10);
  });
});

describe("A1 deletions that the document has are not appended again", () => {
  /** A document with many deletions far apart, in the room as well. */
  const holed = (deletions: number) => {
    const [room, one] = [new View(), writer(1)];
    one.paragraph("0123456789".repeat(deletions));
    const text = one.text(0);
    for (let i = 0; i < deletions; i++) text.delete(i * 9, 1);
    for (const update of one.updates) expect(room.take(update)).toBe("append");
    return { room, one };
  };
  /** What a stock provider answers to a step 1: what the other side lacks, and every deletion it knows. */
  const stepTwo = (room: View, document: Doc) =>
    encodeStateAsUpdate(document, encodeStateVector(room.document));

  test("with nothing else there is nothing new", () => {
    const { room, one } = holed(500);
    const step = stepTwo(room, one.document);
    expect(step.length).toBeGreaterThan(1000);
    expect(judge(room, step, "user:a").kind).toBe("nothing-new");
  });

  test("beside something new only that is appended", () => {
    const { room, one } = holed(500);
    const added = one.paragraph("new");
    const verdict = judge(room, stepTwo(room, one.document), "user:a");
    expect(verdict.kind === "append" && verdict.update.length).toBeLessThanOrEqual(added.length);
    const known = one.text(0).length;
    one.text(0).delete(100, 3);
    const next = judge(room, stepTwo(room, one.document), "user:a");
    expect(next.kind === "append" && next.update.length).toBeLessThanOrEqual(added.length + 30);
    expect(room.take(stepTwo(room, one.document))).toBe("append");
    expect(encodeStateAsUpdate(room.document)).toEqual(encodeStateAsUpdate(one.document));
    expect(one.text(0).length).toBe(known - 3);
  });

  test("a range that is known in parts is cut to the rest, also where it reaches over what is new", () => {
    const [room, one] = [new View(), writer(1)];
    for (const update of [one.paragraph("0123456789")]) room.take(update);
    one.text(0).delete(2, 2);
    room.take(one.updates.at(-1)!);
    one.text(0).insert(8, "ab");
    one.text(0).delete(0, 10);
    const verdict = judge(room, stepTwo(room, one.document), "user:a");
    expect(verdict).toMatchObject({
      kind: "append",
      sketch: {
        deletions: [
          { clock: 2, length: 2 },
          { clock: 6, length: 8 },
        ],
      },
    });
    room.take(stepTwo(room, one.document));
    expect(encodeStateAsUpdate(room.document)).toEqual(encodeStateAsUpdate(one.document));
  });
});

describe("A2 an update waits for what it depends on", () => {
  test("an earlier update of the same client", () => {
    const [room, one] = [new View(), writer(1)];
    const [first, second] = [one.paragraph("a"), one.paragraph("b")];
    expect(judge(room, second, "user:a")).toMatchObject({ kind: "hold", missing: { client: 1, clock: 0 } });
    expect(room.take(first)).toBe("append");
    expect(room.take(second)).toBe("append");
  });

  test("an update of another client", () => {
    const [room, one, two] = [new View(), writer(1), writer(2)];
    const first = one.paragraph("a");
    applyUpdate(two.document, first, "other");
    const second = two.paragraph("b");
    expect(judge(room, second, "user:b")).toMatchObject({ kind: "hold", missing: { client: 1 } });
    room.take(first);
    expect(room.take(second, "user:b")).toBe("append");
    expect(hasPending(room.document)).toBe(false);
  });

  test("what a deletion deletes", () => {
    const [room, one] = [new View(), writer(1)];
    one.paragraph("a");
    expect(judge(room, one.removeFirst(), "user:a")).toMatchObject({ kind: "hold", missing: { client: 1 } });
  });

  test("clients of one update may depend on each other to and fro", () => {
    const [room, one, two] = [new View(), writer(1), writer(2)];
    for (let i = 0; i < 5; i++) {
      applyUpdate(two.document, one.paragraph(`one ${i}`), "other");
      applyUpdate(one.document, two.paragraph(`two ${i}`), "other");
    }
    expect(room.take(encodeStateAsUpdate(one.document))).toBe("append");
    expect(hasPending(room.document)).toBe(false);
    expect(encodeStateVector(room.document)).toEqual(encodeStateVector(one.document));
  });

  test("but not in a ring", () => {
    // Client 1's first struct follows client 2's, and the other way round.
    const ring = written(2, 1, 2, 0, [0x84], 1, 0, "b", 1, 1, 0, [0x84], 2, 0, "a", 0);
    expect(judge(new View(), ring, "user:a")).toMatchObject({ kind: "refuse", code: "MALFORMED_UPDATE" });
  });
});

describe("A3 a Yjs client id belongs to one", () => {
  test("the first to present it owns it, for others it is foreign", () => {
    const [room, one] = [new View(), writer(1)];
    expect(judge(room, one.paragraph("a"), "user:a")).toMatchObject({ kind: "append", claims: [1] });
    room.take(one.updates[0]!);
    const next = one.paragraph("b");
    expect(judge(room, next, "user:b")).toMatchObject({ kind: "refuse", code: "FOREIGN_CLIENT_ID" });
    expect(judge(room, next, "user:a")).toMatchObject({ kind: "append", claims: [] });
  });

  test("deletions and repetitions of others' structs are nobody's claim", () => {
    const [room, one, two] = [new View(), writer(1), writer(2)];
    room.take(one.paragraph("a"));
    applyUpdate(two.document, one.updates[0]!, "other");
    expect(room.take(encodeStateAsUpdate(two.document), "user:b")).toBe("nothing-new");
    expect(room.take(two.removeFirst(), "user:b")).toBe("append");
  });
});

describe("A4 what Yjs could not delete again is refused", () => {
  /** `levels` paragraphs, each inside the one before, from client 1 at this clock. */
  const nested = (levels: number, clock: number) => {
    const parts: (number | string | number[])[] = [1, levels, 1, clock];
    for (let i = 0; i < levels; i++) {
      const at = clock + i;
      parts.push([7], ...(at === 0 ? [1, "default"] : [0, 1, at - 1]), 3, "paragraph");
    }
    return written(...parts, 0);
  };

  test("types nested too deep in one update", () => {
    expect(judge(new View(), nested(LIMITS.updateTypeDepth, 0), "user:a").kind).toBe("append");
    expect(judge(new View(), nested(LIMITS.updateTypeDepth + 1, 0), "user:a")).toMatchObject({
      kind: "refuse",
      reason: "types nested too deep",
    });
  });

  test("types nested too deep by several updates", () => {
    const room = new View();
    expect(room.take(nested(40, 0))).toBe("append");
    expect(room.take(nested(40, 40))).toBe("refuse");
    expect(room.take(nested(24, 40))).toBe("append");
  });

  /** A paragraph of client 1 (clock 0), and an attribute of it with these values. */
  const attribute = (...content: number[]) =>
    written(1, 2, 1, 0, [7], 1, "default", 3, "paragraph", [0x28], 0, 1, 0, "a", content.length, content, 0);

  test("several values under one key (seed 905055350: the room could not be collected)", () => {
    expect(judge(new View(), attribute(126), "user:a").kind).toBe("append");
    expect(judge(new View(), attribute(126, 126), "user:a")).toMatchObject({ kind: "refuse" });
  });

  test("several values beside one under a key", () => {
    const room = new View();
    expect(room.take(attribute(126))).toBe("append");
    const beside = written(1, 1, 1, 2, [0x84], 1, 1, "ab", 0);
    expect(room.take(beside)).toBe("refuse");
  });

  test("a key of the body, which is a sequence", () => {
    const update = written(1, 1, 1, 0, [0x28], 1, "default", "a", 1, [126], 0);
    expect(judge(new View(), update, "user:a")).toMatchObject({ kind: "refuse", reason: "a key of a root" });
  });
});

describe("G7 an attribute holds only what the schema takes", () => {
  const judged = (update: Uint8Array, room = new View()) => {
    const verdict = judge(room, update, "user:a");
    return verdict.kind === "refuse" ? verdict.reason : verdict.kind;
  };
  const refused = "a value that an attribute may not have";

  test.each([
    ["src", "javascript:alert(1)"],
    ["src", "data:text/html,<script>alert(1)</script>"],
    ["src", { toString: "javascript:alert(1)" }],
    ["src", ["javascript:alert(1)"]],
    ["src", new Uint8Array([1, 2])],
    ["alt", 7],
    ["width", 1e9],
    ["width", -1],
  ])("where it is set at first: %s %j", (key, value) => {
    expect(judged(writer(1).image({ src: "https://a.b/c.png" }))).toBe("append");
    expect(judged(writer(1).image({ [key]: value }))).toBe(refused);
  });

  test.each([
    ["src", "javascript:alert(1)"],
    ["width", 1e9],
  ])("where it is written over, which says neither node nor key: %s", (key, value) => {
    const [room, one] = [new View(), writer(1)];
    room.take(one.image({ src: "https://a.b/c.png", width: 20 }));
    expect(room.take(one.set(key, key === "src" ? "https://a.b/d.png" : 30))).toBe("append");
    expect(judged(one.set(key, value), room)).toBe(refused);
    // In one update with what it comes after, too.
    expect(judged(encodeStateAsUpdate(one.document))).toBe(refused);
  });

  test("colspans and levels out of all reason", () => {
    const set = (node: string, key: string, value: number) => {
      const document = new Doc();
      const element = new XmlElement<Record<string, string | number | object>>(node);
      element.setAttribute(key, value);
      document.getXmlFragment("default").insert(0, [element as XmlElement]);
      return judged(encodeStateAsUpdate(document));
    };
    expect(set("tableCell", "colspan", 3)).toBe("append");
    expect(set("tableCell", "colspan", 1_000_000)).toBe(refused);
    expect(set("tableCell", "rowspan", 0)).toBe(refused);
    expect(set("heading", "level", 6)).toBe("append");
    expect(set("heading", "level", 7)).toBe(refused);
    expect(set("paragraph", "somethingElse", 1e9)).toBe("append");
  });

  test("a shared type is no attribute", () => {
    const typeUnderKey = written(1, 2, 1, 0, [7], 1, "default", 3, "image", [0x27], 0, 1, 0, "src", 6, 0);
    expect(judged(typeUnderKey)).toBe("an attribute that holds no value");
  });

  test("but in a document of kind raw it may be anything", () => {
    const room = Object.assign(new View(), { names: undefined });
    expect(judged(writer(1).image({ src: "javascript:alert(1)" }), room as unknown as View)).toBe("append");
  });
});

test("A5 a document at its largest size takes no more", () => {
  const [room, one] = [new View(), writer(1)];
  room.bytes = LIMITS.documentBytes;
  expect(judge(room, one.paragraph("a"), "user:a")).toMatchObject({
    kind: "refuse",
    code: "DOCUMENT_TOO_LARGE",
  });
});

describe("G8 a place holds only what editors can read there", () => {
  const misplaced = "content that its place does not take";
  const judged = (update: Uint8Array) => {
    const verdict = judge(new View(), update, "user:a");
    return verdict.kind === "refuse" ? verdict.reason : verdict.kind;
  };
  /** Client 1: a paragraph (clock 0) in the body, a text (clock 1) in it, then one more struct. */
  const after = (structs: number, ...parts: (number | string | number[])[]) =>
    written(1, 2 + structs, 1, 0, [7], 1, "default", 3, "paragraph", [7], 0, 1, 0, 6, ...parts, 0);

  test.each([
    ["text right in the body", [[4], 1, "default", "x"]],
    ["text right in an element", [[4], 0, 1, 0, "x"]],
    ["a format right in an element", [[6], 0, 1, 0, "bold", "{}"]],
    ["a value right in an element", [[8], 0, 1, 0, 1, [126]]],
    ["an embed right in an element", [[5], 0, 1, 0, "{}"]],
    ["an element in a text", [[7], 0, 1, 1, 3, "paragraph"]],
    ["a text in a text", [[7], 0, 1, 1, 6]],
    ["an embed in a text", [[5], 0, 1, 1, '{"image":1}']],
    ["text beside a text, which says only what it comes after", [[0x84], 1, 1, "x"]],
    ["an element beside letters, in the same update", [[4], 0, 1, 1, "ab", [0x87], 1, 3, 3, "paragraph"], 2],
  ] as [string, (number | string | number[])[], number?][])("%s", (_, parts, structs = 1) => {
    expect(judged(after(structs, ...parts))).toBe(misplaced);
  });

  test("also where it comes after something that is in the document", () => {
    const [room, one] = [new View(), writer(1)];
    room.take(one.paragraph("text"));
    const beside = (ref: number, clock: number, ...content: (number | string)[]) =>
      judge(room, written(1, 1, 7, 0, [0x80 | ref], 1, clock, ...content, 0), "user:b");
    // Clock 0 is the paragraph, 1 its text, from 2 on the letters.
    expect(beside(4, 3, "x")).toMatchObject({ kind: "append" });
    expect(beside(4, 1, "x")).toMatchObject({ kind: "refuse", reason: misplaced });
    expect(beside(7, 3, 3, "paragraph")).toMatchObject({ kind: "refuse", reason: misplaced });
    expect(beside(7, 0, 3, "paragraph")).toMatchObject({ kind: "append" });
  });

  test("text as an attribute", () => {
    expect(judged(after(1, [0x24], 0, 1, 0, "src", "x"))).toBe("an attribute that holds no value");
  });
});
