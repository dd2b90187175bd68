import { fromMarkdown, toHtml, toMarkdown, toText } from "@octavo/schema/convert";
import { documentSchema, fitToSchema, type LooseNode } from "@octavo/schema/document";
import type { Node } from "@tiptap/pm/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderState, ydocFromContent } from "./conversions.ts";
import { fromHtml } from "./from-html.ts";

/** SEED=n repeats a run; fast-check prints the seed and the smallest counterexample of a failure. */
const SEED = Number(process.env.SEED ?? Date.now() & 0x7fffffff);
const RUNS = Number(process.env.RUNS ?? 300);

describe(`random documents of the schema (SEED=${SEED})`, () => {
  test("fit the schema, and fitting changes nothing", () => {
    holds(document => {
      const node = documentSchema().nodeFromJSON(document);
      node.check();
      expect(fitToSchema(document).toJSON()).toEqual(node.toJSON());
    });
  });

  test("come back from HTML, but for white space at the ends of lines and in a row", () => {
    holds(document => {
      const node = fitToSchema(document);
      expect(normal(fromHtml(toHtml(node)))).toEqual(normal(node));
    });
  });

  test("come back from Markdown, but for ids, empty paragraphs, numberings and white space", () => {
    holds(document => {
      const node = fitToSchema(withoutAddresses(document));
      const markdown = toMarkdown(node);
      expect(sayable(fromMarkdown(markdown)), markdown).toEqual(sayable(node));
    });
  });

  test("read from Markdown are written as the same Markdown", () => {
    holds(document => {
      const markdown = toMarkdown(fromMarkdown(toMarkdown(withoutAddresses(document))));
      expect(toMarkdown(fromMarkdown(markdown))).toBe(markdown);
    });
  });

  test("come back from a Y.Doc exactly, with an id on every block", async () => {
    await fc.assert(
      fc.asyncProperty(documents, async document => {
        const { update } = await ydocFromContent({ format: "json", body: { ...document } });
        const back = JSON.parse(String(renderState(update, "json"))) as LooseNode;
        expect(withoutIds(back)).toEqual(withoutIds(fitToSchema(document).toJSON()));
        const ids = idsOf(back);
        expect(ids.every(id => typeof id === "string")).toBe(true);
        expect(new Set(ids).size).toBe(ids.length);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  test("have text in which every word of theirs occurs", () => {
    holds(document => {
      const text = toText(document);
      fitToSchema(document).descendants(node => {
        if (node.isText) for (const word of (node.text ?? "").split(/\s+/)) expect(text).toContain(word);
      });
    });
  });
});

describe(`random junk (SEED=${SEED})`, () => {
  test("as JSON becomes a document of the schema", () => {
    fc.assert(
      fc.property(junk, json => fitToSchema(json as LooseNode).check()),
      { seed: SEED, numRuns: RUNS },
    );
  });

  test("as Markdown becomes a document of the schema, and so does what that is written as", () => {
    fc.assert(
      fc.property(markdownJunk, text => {
        const node = fromMarkdown(text);
        node.check();
        fromMarkdown(toMarkdown(node)).check();
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  test("as HTML becomes a document of the schema, whose HTML holds nothing that runs", () => {
    fc.assert(
      fc.property(htmlJunk, html => {
        const node = fromHtml(html);
        node.check();
        expect(toHtml(node).replace(/>[^<]*</g, "><")).not.toMatch(
          /<script|<style|javascript:|data:|\son\w+=/i,
        );
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});

function holds(law: (document: LooseNode) => void): void {
  fc.assert(fc.property(documents, law), { seed: SEED, numRuns: RUNS });
}

// Generators -------------------------------------------------------------------------------------------------

const words = fc
  .array(
    fc.oneof(
      fc.constantFrom(..."abcXYZ019 *_~`[](){}<>&|\\#-+.!\"'$:/@=^,;%éß中😀".match(/./gu)!),
      fc.constantFrom("www.a.de", "a@b.de", "1. ", "&amp;", "<u>", "http://x.y", "- ", "\u00a0"),
    ),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map(parts => parts.join(""))
  .filter(text => text.trim() !== "");

const color = fc.constantFrom("#ff0000", "#00aa55", "#123456");
const href = fc.constantFrom(
  "https://example.com/a?b=c&d",
  "mailto:a@b.de",
  "/d/x-1",
  "#h-1",
  "https://a.b/(c)",
);
const mark = fc.oneof(
  fc
    .constantFrom("bold", "italic", "underline", "strike", "code", "subscript", "superscript")
    .map(type => ({ type })),
  color.map(color => ({ type: "textStyle", attrs: { color } })),
  fc.option(color).map(color => ({ type: "highlight", attrs: { color } })),
  fc
    .tuple(href, fc.option(words.map(title => title.trim())))
    .map(([href, title]) => ({ type: "link", attrs: { href, title } })),
);
const text = fc
  .tuple(words, fc.uniqueArray(mark, { maxLength: 3, selector: ({ type }) => type }))
  .map(([text, marks]): LooseNode => ({ type: "text", text, marks }));
const inline = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: text },
    { weight: 1, arbitrary: fc.constant<LooseNode>({ type: "hardBreak" }) },
  ),
  {
    maxLength: 5,
  },
);

const { block } = fc.letrec<{
  block: LooseNode;
  paragraph: LooseNode;
  blocks: LooseNode[];
  item: LooseNode[];
}>(tie => ({
  paragraph: inline.map(content => ({ type: "paragraph", content })),
  blocks: fc.array(tie("block"), { minLength: 1, maxLength: 3 }),
  item: fc
    .tuple(tie("paragraph"), fc.array(tie("block"), { maxLength: 2 }))
    .map(([first, rest]) => [first, ...rest]),
  block: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    tie("paragraph"),
    fc
      .tuple(fc.integer({ min: 1, max: 6 }), inline)
      .map(([level, content]) => ({ type: "heading", attrs: { level }, content })),
    fc
      .tuple(
        fc.option(fc.constantFrom("ts", "c++", "objective-c")),
        fc.option(fc.tuple(words, words).map(lines => lines.join("\n"))),
      )
      .map(([language, text]) => ({
        type: "codeBlock",
        attrs: { language },
        content: text ? [{ type: "text", text }] : [],
      })),
    fc.constant({ type: "horizontalRule" }),
    fc
      .tuple(
        fc.constantFrom("https://x.y/z.png", "pic/a.png", "/api/v1/attachments/abc"),
        fc.option(words.map(alt => alt.trim())),
        fc.option(fc.integer({ min: 1, max: 900 })),
      )
      .map(([src, alt, width]) => ({ type: "image", attrs: { src, alt, width } })),
    tie("blocks").map(content => ({ type: "blockquote", content })),
    fc
      .array(tie("item"), { minLength: 1, maxLength: 3 })
      .map(items => ({ type: "bulletList", content: items.map(content => ({ type: "listItem", content })) })),
    fc
      .tuple(fc.integer({ min: 0, max: 20 }), fc.array(tie("item"), { minLength: 1, maxLength: 3 }))
      .map(([start, items]) => ({
        type: "orderedList",
        attrs: { start },
        content: items.map(content => ({ type: "listItem", content })),
      })),
    fc.array(fc.tuple(fc.boolean(), tie("item")), { minLength: 1, maxLength: 3 }).map(items => ({
      type: "taskList",
      content: items.map(([checked, content]) => ({ type: "taskItem", attrs: { checked }, content })),
    })),
    fc
      .tuple(
        fc.boolean(),
        fc.integer({ min: 1, max: 3 }),
        fc.array(
          fc.array(fc.tuple(tie("item"), tie("blocks"), fc.integer({ min: 1, max: 9 })), {
            minLength: 3,
            maxLength: 3,
          }),
          { minLength: 1, maxLength: 3 },
        ),
      )
      .map(([plain, columns, rows]) => ({
        type: "table",
        content: rows.map((row, index) => ({
          type: "tableRow",
          content: row.slice(0, columns).map(([line, blocks, span]) => ({
            type: index === 0 && (plain || span > 5) ? "tableHeader" : "tableCell",
            attrs: plain
              ? {}
              : {
                  colspan: span > 7 ? 2 : 1,
                  align: span === 3 ? "right" : null,
                  colwidth: span === 4 ? [80] : null,
                },
            content: plain ? line.slice(0, 1) : blocks,
          })),
        })),
      })),
  ),
}));

const documents: fc.Arbitrary<LooseNode> = fc
  .array(block, { minLength: 1, maxLength: 5 })
  .map(content => ({ type: "doc", content }));

const names = fc.constantFrom(
  "doc",
  "paragraph",
  "text",
  "heading",
  "listItem",
  "taskItem",
  "bulletList",
  "tableRow",
  "tableCell",
  "table",
  "codeBlock",
  "image",
  "hardBreak",
  "callout",
  "script",
  "__proto__",
  "constructor",
);
const { junk } = fc.letrec(tie => ({
  junk: fc.record({
    type: fc.oneof({ weight: 9, arbitrary: names }, { weight: 1, arbitrary: fc.anything() }),
    attrs: fc.oneof(
      fc.anything(),
      fc.record({
        level: fc.anything(),
        colspan: fc.anything(),
        src: fc.constantFrom("javascript:alert(1)", "data:text/html,x", "a.png"),
      }),
    ),
    marks: fc.oneof(
      fc.anything(),
      fc.array(
        fc.record({
          type: fc.constantFrom("bold", "link", "evil"),
          attrs: fc.record({ href: fc.constantFrom("javascript:alert(1)", "https://a.b", 7) }),
        }),
      ),
    ),
    text: fc.oneof(fc.string(), fc.anything()),
    content: fc.oneof({ maxDepth: 5 }, fc.anything(), fc.array(tie("junk"), { maxLength: 4 })),
  }),
}));

const pieces = (list: string[]) =>
  fc.array(fc.oneof(fc.constantFrom(...list), words), { maxLength: 40 }).map(parts => parts.join(""));
const markdownJunk = pieces([
  "\n",
  "\n\n",
  "  ",
  "    ",
  "> ",
  "- ",
  "1. ",
  "# ",
  "```",
  "| ",
  "|-|-|\n",
  "**",
  "_",
  "~~",
  "`",
  "[x](javascript:a)",
  "![](data:a)",
  "<table>",
  "<tr>",
  "<td>",
  "</td>",
  "</table>",
  "<script>",
  "</script>",
  "<u>",
  "</u>",
  "<span style='color:red'>",
  "- [ ] ",
  "[^1]",
  "[^1]: ",
  "<!--",
  "-->",
  "&#0;",
  "\\",
]);
const htmlJunk = pieces([
  "<p>",
  "</p>",
  "<li>",
  "<ul>",
  "</ul>",
  "<ol start=99999999999>",
  "<table>",
  "<td colspan=999999>",
  "<tr>",
  "<td>",
  "</table>",
  "<script>alert(1)</script>",
  "<img src=javascript:a onerror=b>",
  "<img src=data:a>",
  "<a href='java\tscript:a'>",
  "</a>",
  "<span style='color:expression(a)'>",
  "<pre>",
  "</pre>",
  "<h1 onclick=a>",
  "<svg><script>a</script></svg>",
  "<style>*{}</style>",
  "<iframe srcdoc='<script>'>",
  "<b>",
  "</b>",
  "<br>",
  "<div data-id='../..'>",
  "<!--",
  "-->",
  "<template>",
  "<math><mi>",
]);

/** GitHub's Markdown makes a link of every address in a text, however it is escaped. */
function withoutAddresses(node: LooseNode): LooseNode {
  const content = Array.isArray(node.content) ? { content: node.content.map(withoutAddresses) } : {};
  const text = typeof node.text === "string" ? { text: node.text.replace(/www|http|@/g, "x") } : {};
  return { ...node, ...content, ...text };
}

// What a format can say --------------------------------------------------------------------------------------

interface Plain {
  type: string;
  attrs?: Record<string, unknown>;
  marks?: unknown[];
  text?: string;
  content?: Plain[];
}

function normal(node: Node): unknown {
  return trimLines(node.toJSON() as Plain);
}

/** HTML and Markdown take white space in a row for one, and none at the ends of a line. */
function trimLines(node: Plain): Plain {
  const { content, ...rest } = node;
  if (!content || node.type === "codeBlock") return node;
  if (!content.some(child => child.type === "text" || child.type === "hardBreak"))
    return { ...rest, content: content.map(trimLines) };
  const line: Plain[] = [];
  let spaced = true;
  for (const child of content) {
    if (child.type === "hardBreak") {
      trimEnd(line);
      line.push(child);
      spaced = true;
      continue;
    }
    let text = (child.text ?? "").replace(/[ \t\r\n]+/g, " ");
    if (spaced) text = text.replace(/^ /, "");
    if (text === "") continue;
    spaced = text.endsWith(" ");
    line.push({ ...child, text });
  }
  trimEnd(line);
  return { ...rest, ...(line.length > 0 && { content: line }) };
}

function trimEnd(line: Plain[]): void {
  const last = line.at(-1);
  if (last?.text === undefined) return;
  last.text = last.text.replace(/ $/, "");
  if (last.text === "") {
    line.pop();
    trimEnd(line);
  }
}

/** What Markdown can say of a document. */
function sayable(node: Node): unknown {
  const strip = (plain: Plain): Plain[] => {
    const { type, ...attrs } = plain.attrs ?? {};
    const kept = plain.type === "orderedList" ? attrs : plain.attrs;
    let content = plain.content ? [...plain.content] : [];
    while (content[0]?.type === "hardBreak") content.shift();
    while (content.at(-1)?.type === "hardBreak") content.pop();
    content = content.flatMap(strip);
    if (plain.type === "paragraph" && content.length === 0) return [];
    return [{ ...plain, ...(kept && { attrs: kept }), ...(plain.content && { content }) }];
  };
  const [stripped] = strip(trimLines(withoutIds(node.toJSON()) as Plain));
  return trimLines(fitToSchema(stripped ?? {}).toJSON() as Plain);
}

function withoutIds(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json, (key, value) => (key === "id" ? undefined : value)));
}

function idsOf(node: LooseNode): unknown[] {
  const own =
    typeof node.attrs === "object" && node.attrs !== null && "id" in node.attrs ? [node.attrs.id] : [];
  return [
    ...own,
    ...(Array.isArray(node.content) ? node.content.flatMap(child => idsOf(child as LooseNode)) : []),
  ];
}
