import { AppError } from "@octavo/schema";
import { toHtml } from "@octavo/schema/convert";
import { describe, expect, test } from "vitest";
import { fromHtml } from "./from-html.ts";

/** What comes back, without what only the page needs. */
const back = (html: string): string =>
  toHtml(fromHtml(html)).replace(
    / (?:rel|target|data-color)="[^"]*"|<br class="ProseMirror-trailingBreak">/g,
    "",
  );

describe("HTML of other editors becomes", () => {
  test.each([
    ["<div>a</div><div>b</div>", "<p>a</p><p>b</p>"],
    ["just text", "<p>just text</p>"],
    ["", "<p></p>"],
    ["<p>a<br>b</p>", "<p>a<br>b</p>"],
    ["<p>a <b>b</b> <i>c</i> <strike>d</strike></p>", "<p>a <strong>b</strong> <em>c</em> <s>d</s></p>"],
    ['<b style="font-weight:normal"><p>google</p></b>', "<p>google</p>"],
    ['<p><span style="color:#000000;font-family:Arial">black</span></p>', "<p>black</p>"],
    [
      '<p><span style="color: rgb(255, 0, 0)">red <span style="font-size:9pt">too</span></span></p>',
      '<p><span style="color: #ff0000">red too</span></p>',
    ],
    ["<p>a <img src=x.png alt=i> b</p>", '<p>a</p><img data-src="x.png" alt="i"><p>b</p>'],
    ["<ul><li>a<ul><li>b</li></ul></li></ul>", "<ul><li><p>a</p><ul><li><p>b</p></li></ul></li></ul>"],
    ["<ol start=4 type=a><li>a</ol>", '<ol start="4" type="a"><li><p>a</p></li></ol>'],
    [
      '<pre><code class="language-js">a\n  b</code></pre>',
      '<pre><code class="language-js">a\n  b</code></pre>',
    ],
    ["<a href=https://a.b/c title=t>x</a>", '<p><a href="https://a.b/c" title="t">x</a></p>'],
  ])("%j", (html, expected) => expect(back(html)).toBe(expected));

  test("GitHub's checklist becomes ours", () => {
    const list = fromHtml(
      '<ul class="contains-task-list"><li class="task-list-item"><input type="checkbox" checked> a</li><li class="task-list-item"><input type="checkbox"> b</li></ul>',
    ).firstChild;
    expect(list?.type.name).toBe("taskList");
    expect(list?.children.map(item => [item.attrs.checked, item.textContent])).toEqual([
      [true, "a"],
      [false, "b"],
    ]);
  });

  test("a table keeps spans within bounds", () => {
    const row = fromHtml("<table><tr><td colspan=2>a</td><td rowspan=99999999>b</td></tr></table>").firstChild
      ?.firstChild;
    expect(row?.children.map(cell => [cell.attrs.colspan, cell.attrs.rowspan])).toEqual([
      [2, 1],
      [1, 1],
    ]);
  });
});

describe("HTML brings in nothing that runs", () => {
  test.each([
    ["<script>globalThis.ran = 1</script>a", "<p>a</p>"],
    ["<p onclick=x onmouseover=y>a</p>", "<p>a</p>"],
    ["<a href='javascript:x'>a</a><a href='java&#10;script:x'>b</a>", "<p>ab</p>"],
    ["<img src=javascript:x><img src='data:image/svg+xml,<svg onload=x>'>", "<p></p>"],
    ["<iframe srcdoc='<script>x</script>'></iframe><object data=x></object>", "<p></p>"],
    ["<svg><script>x</script><a xlink:href='javascript:x'>a</a></svg>", "<p></p>"],
    ["<math><mtext><img src=x onerror=y></mtext></math>b", "<p>b</p>"],
    ["<style>@import 'https://evil'</style><link rel=stylesheet href=https://evil>a", "<p>a</p>"],
    ["<mark style='background-color: url(x)'>a</mark>", "<p><mark>a</mark></p>"],
    ["<pre><code class='language-\"><script>'>a</code></pre>", "<pre><code>a</code></pre>"],
    ["<noscript><p title='</noscript><img src=x onerror=y>'></noscript>", "<p></p>"],
  ])("%j", (html, expected) => {
    expect(back(html)).toBe(expected);
    expect(globalThis).not.toHaveProperty("ran");
  });

  test.each(["div", "blockquote", "b", "span", "table"])(
    "10,000 nested <%s> are refused or read, never a crash",
    tag => {
      try {
        fromHtml(`<${tag}>`.repeat(10_000)).check();
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
        expect(error).toHaveProperty("code", "CONVERSION_FAILED");
      }
    },
  );
});
