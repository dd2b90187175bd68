// @vitest-environment happy-dom
import { fromMarkdown, toHtml } from "@octavo/schema/convert";
import { assignBlockIds, documentExtensions } from "@octavo/schema/document";
import { Editor } from "@tiptap/core";
import { afterEach, expect, test } from "vitest";

const MARKDOWN = `# Title *one*

Text **bold** <u>u</u> <mark data-color="#ffee00">m</mark> <span style="color: #123456">c</span> [link](https://a.b "t") \`code\`\\
next line

- a
  - b

3. three

- [ ] open
- [x] done

> quote

\`\`\`ts
let x;

\`\`\`

| a | b |
| - | -: |
| 1 | |

![alt](https://a.b/c.png)

---
`;

let editor: Editor | undefined;
afterEach(() => editor?.destroy());

/** The same text as elements and attributes in alphabetical order, styles by what they mean. */
function canonical(html: string): string {
  const root = document.createElement("div");
  root.innerHTML = html;
  for (const element of root.querySelectorAll("*")) {
    const attributes = [...element.attributes].map(({ name, value }): [string, string] => [name, value]);
    for (const [name] of attributes) element.removeAttribute(name);
    for (const [name, value] of attributes.sort(([a], [b]) => (a < b ? -1 : 1))) {
      // What a checkbox may do differs on purpose, as what can be dragged does; neither moves a line.
      if (["draggable", "disabled", "checked", "contenteditable"].includes(name)) continue;
      element.setAttribute(name, name === "style" ? value.replace(/\s|;$/g, "") : value);
    }
  }
  return root.innerHTML;
}

test("the read view has the elements of the editor, so that nothing moves when the editor takes over", () => {
  const content = assignBlockIds(fromMarkdown(MARKDOWN).toJSON());
  editor = new Editor({ element: document.createElement("div"), extensions: documentExtensions(), content });
  expect(editor.getJSON()).toEqual(content);
  expect(canonical(toHtml(content))).toBe(canonical(editor.view.dom.innerHTML));
});

test("the commands take no address and no colour that the schema refuses", () => {
  editor = new Editor({
    element: document.createElement("div"),
    extensions: documentExtensions(),
    content: "<p>word</p>",
  });
  const before = editor.getJSON();
  const { commands } = editor;
  commands.selectAll();
  expect(commands.setLink({ href: "javascript:alert(1)" })).toBe(false);
  expect(commands.setColor("url(x)")).toBe(false);
  expect(commands.setImage({ src: "data:image/png;base64,x" })).toBe(false);
  expect(editor.getJSON()).toEqual(before);
  expect(commands.setLink({ href: "example.com" })).toBe(true);
  expect(editor.getAttributes("link").href).toBe("https://example.com");
});

test("keys that mean something else in the keyboard table are free", () => {
  editor = new Editor({
    element: document.createElement("div"),
    extensions: documentExtensions(),
    content: "<p>word</p>",
  });
  const { view } = editor;
  const press = (key: string, keys: KeyboardEventInit) => {
    const event = new KeyboardEvent("keydown", { key, ctrlKey: true, ...keys });
    return view.someProp("handleKeyDown", handle => handle(view, event)) === true;
  };
  editor.commands.selectAll();
  expect(press("b", {})).toBe(true);
  expect(press("H", { shiftKey: true })).toBe(false);
  expect(press("S", { shiftKey: true })).toBe(false);
  expect(press("c", { altKey: true })).toBe(false);
  expect(editor.getHTML()).not.toMatch(/<mark|<s>|<pre/);
});
