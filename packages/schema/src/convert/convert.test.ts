import { describe, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { fromMarkdown } from "./from-markdown.ts";
import { outlineOf, snippetOf, titleOf } from "./outline.ts";
import { toHtml } from "./to-html.ts";
import { toMarkdown } from "./to-markdown.ts";
import { toText } from "./to-text.ts";

/** The HTML of a Markdown text, without what only the page needs. */
const html = (markdown: string): string =>
  toHtml(fromMarkdown(markdown)).replace(
    / (?:rel|target|data-color)="[^"]*"|<br class="ProseMirror-trailingBreak">/g,
    "",
  );

describe("Markdown becomes", () => {
  test.each([
    ["*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>"],
    ["a\nb", "<p>a b</p>"],
    ["a\\\nb", "<p>a<br>b</p>"],
    ["# One\n\n###### Six", "<h1>One</h1><h6>Six</h6>"],
    ["```ts\na < b\n```", '<pre><code class="language-ts">a &lt; b</code></pre>'],
    ["    code", "<pre><code>code</code></pre>"],
    ["> a\n>\n> > b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"],
    ["- a\n  - b\n- c", "<ul><li><p>a</p><ul><li><p>b</p></li></ul></li><li><p>c</p></li></ul>"],
    ["3. a\n4. b", '<ol start="3"><li><p>a</p></li><li><p>b</p></li></ol>'],
    ["a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"],
    ['[a](https://b.c "t")', '<p><a href="https://b.c" title="t">a</a></p>'],
    ["[`a`](https://b.c)", '<p><a href="https://b.c"><code>a</code></a></p>'],
    ["[a][r]\n\n[r]: https://b.c", '<p><a href="https://b.c">a</a></p>'],
    ["a ![i](x.png) b", '<p>a</p><img data-src="x.png" alt="i"><p>b</p>'],
    ["![i](https://e.org/x.png)", '<img src="https://e.org/x.png" alt="i">'],
    ["<u>a</u> H<sub>2</sub>O", "<p><u>a</u> H<sub>2</sub>O</p>"],
    ['<span style="color: #f00">a</span>', '<p><span style="color: #ff0000">a</span></p>'],
    ["a &copy; b", "<p>a © b</p>"],
    ["", "<p></p>"],
  ])("%j", (markdown, expected) => expect(html(markdown)).toBe(expected));

  test("checklists, and lists of both kinds become two", () => {
    const [tasks, bullets] = fromMarkdown("- [x] a\n- [ ] b\n- c").children;
    expect(tasks?.type.name).toBe("taskList");
    expect(tasks?.children.map(item => item.attrs.checked)).toEqual([true, false]);
    expect(bullets?.type.name).toBe("bulletList");
  });

  test("tables with alignment, short rows filled", () => {
    const table = fromMarkdown("| a | b |\n|---|--:|\n| 1 |").firstChild;
    expect(table?.children.map(row => row.children.map(cell => cell.textContent))).toEqual([
      ["a", "b"],
      ["1", ""],
    ]);
    expect(table?.firstChild?.child(1).attrs.align).toBe("right");
    expect(table?.firstChild?.firstChild?.type.name).toBe("tableHeader");
  });

  test("tables of HTML around Markdown", () => {
    const table = fromMarkdown(
      '<table>\n<tr><td colspan="2">\n\n- a\n\n</td></tr>\n<tr><td>b</td><td></td></tr>\n</table>',
    ).firstChild;
    expect(table?.firstChild?.firstChild?.attrs.colspan).toBe(2);
    expect(table?.firstChild?.firstChild?.firstChild?.type.name).toBe("bulletList");
    expect(table?.child(1).childCount).toBe(2);
  });
});

describe("Markdown brings in nothing that runs", () => {
  test.each([
    ["[a](javascript:alert(1))", "<p>a</p>"],
    ["[a](JAVA&#115;cript:alert(1))", "<p>a</p>"],
    ["![a](data:text/html,x)", "<p>a</p>"],
    ["<script>alert(1)</script>", "<p></p>"],
    ["a <script>alert(1)</script> b", "<p>a  b</p>"],
    ["<img src=x.png onerror=alert(1)>", '<img data-src="x.png">'],
    ["<a href='javascript:x'>a</a>", "<p>a</p>"],
    ["<p onclick=x>a<iframe src=x></iframe></p>", "<p>a</p>"],
    ["<span style='color: red; background: url(x)'>a</span>", "<p>a</p>"],
    ["<!-- a --> b", "<p>b</p>"],
    ["a <b", "<p>a &lt;b</p>"],
  ])("%j", (markdown, expected) => expect(html(markdown)).toBe(expected));

  test.each([
    [">".repeat(10_000)],
    [`${"- ".repeat(10_000)}x`],
    ["1. ".repeat(200)],
    [Array.from({ length: 100 }, (_, level) => `${" ".repeat(2 * level)}- x`).join("\n")],
  ])("nested too deeply is refused (%#)", markdown => {
    expect(() => fromMarkdown(markdown)).toThrow(AppError);
    expect(() => fromMarkdown(markdown)).toThrow("nested too deeply");
  });

  test("a long rule is a rule", () => expect(html("*".repeat(5000))).toBe("<hr>"));
});

describe("a document becomes", () => {
  const document = {
    type: "doc",
    content: [
      { type: "heading", attrs: { level: 1, id: "abc" }, content: [{ type: "text", text: "Plan" }] },
      { type: "paragraph", content: [{ type: "text", text: "one <two>" }] },
      { type: "callout", content: [{ type: "paragraph", content: [{ type: "text", text: "kept" }] }] },
      {
        type: "taskList",
        content: [
          {
            type: "taskItem",
            attrs: { checked: true },
            content: [{ type: "paragraph", content: [{ type: "text", text: "done" }] }],
          },
        ],
      },
    ],
  };

  test("HTML with anchors, escaped, the content of unknown nodes kept", () => {
    const page = toHtml(document);
    expect(page).toContain('<h1 id="h-abc" data-id="abc">Plan</h1><p>one &lt;two&gt;</p><p>kept</p>');
    expect(page).toContain('<input type="checkbox" aria-label="done" disabled="disabled" checked="checked">');
  });

  test("text", () => expect(toText(document)).toBe("Plan\n\none <two>\n\nkept\n\n[x] done"));
  test("an outline", () => expect(outlineOf(document)).toEqual([{ id: "abc", level: 1, text: "Plan" }]));
  test("a title and a snippet without it", () => {
    expect(titleOf(document)).toBe("Plan");
    expect(snippetOf(document)).toBe("one <two> kept done");
    expect(snippetOf(document, 12)).toBe("one <two>…");
  });

  test("Markdown whose signs are escaped where they are text", () => {
    const line = (text: string) =>
      toMarkdown({ type: "doc", content: [{ type: "paragraph", content: [{ type: "text", text }] }] });
    for (const text of [
      "1. x",
      "- x",
      "# x",
      "*x*",
      "<u>x</u>",
      "a | b",
      "[x](y)",
      "$5 and $6",
      "`x`",
      "> x",
      "---",
    ]) {
      expect(fromMarkdown(line(text)).textContent).toBe(text);
      expect(fromMarkdown(line(text)).firstChild?.type.name).toBe("paragraph");
    }
  });

  test("an error, not a crash, where it is nested beyond all use", () => {
    let content: object = { type: "paragraph" };
    for (let depth = 0; depth < 5000; depth++) content = { type: "blockquote", content: [content] };
    for (const convert of [toHtml, toMarkdown, toText, outlineOf]) {
      expect(() => convert({ type: "doc", content: [content] })).toThrow("nested too deeply");
    }
  });
});
