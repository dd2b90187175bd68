import { TaskItem as TiptapTaskItem } from "@tiptap/extension-list";
import type { Node } from "@tiptap/pm/model";
import { isBlockId, validator } from "../attributes.ts";

const LABEL_LENGTH = 100;
const isBoolean = (value: unknown): boolean => typeof value === "boolean";

/** An item of a checklist. Its node view is plain DOM with the very structure that `renderHTML` writes. */
export const TaskItem = TiptapTaskItem.extend({
  addAttributes() {
    return {
      checked: {
        default: false,
        keepOnSplit: false,
        validate: validator("checked", isBoolean),
        parseHTML: isChecked,
        renderHTML: ({ checked }) => ({ "data-checked": String(checked === true) }),
      },
    };
  },

  parseHTML() {
    return [
      {
        tag: `li[data-type="${this.name}"]`,
        priority: 51,
        contentElement: element => element.querySelector<HTMLElement>(":scope > div") ?? element,
      },
      { tag: "li.task-list-item", priority: 51 },
    ];
  },

  renderHTML({ node, HTMLAttributes }) {
    return [
      "li",
      { ...HTMLAttributes, "data-type": this.name },
      [
        "label",
        { contenteditable: "false" },
        [
          "input",
          {
            type: "checkbox",
            "aria-label": labelOf(node),
            // Nothing listens to a checkbox outside the editor.
            disabled: "disabled",
            ...(node.attrs.checked === true && { checked: "checked" }),
          },
        ],
      ],
      ["div", 0],
    ];
  },

  addKeyboardShortcuts() {
    return {
      ...this.parent?.(),
      "Mod-]": () => this.editor.commands.sinkListItem(this.name),
      "Mod-[": () => this.editor.commands.liftListItem(this.name),
    };
  },

  addNodeView() {
    return ({ node, getPos, editor, view }) => {
      // The editor's own document: this package knows no DOM, and the editor may stand in another window.
      const { ownerDocument } = view.dom;
      const dom = ownerDocument.createElement("li");
      const label = dom.appendChild(ownerDocument.createElement("label"));
      const contentDOM = dom.appendChild(ownerDocument.createElement("div"));
      const checkbox = label.appendChild(ownerDocument.createElement("input"));
      dom.dataset.type = this.name;
      label.contentEditable = "false";
      checkbox.type = "checkbox";

      const show = (shown: Node) => {
        const checked = shown.attrs.checked === true;
        dom.dataset.checked = String(checked);
        if (isBlockId(shown.attrs.id)) dom.dataset.id = shown.attrs.id;
        else delete dom.dataset.id;
        checkbox.checked = checked;
        checkbox.setAttribute("aria-label", labelOf(shown));
      };
      const toggle = () => {
        const position = getPos();
        if (!editor.isEditable || position === undefined) {
          checkbox.checked = !checkbox.checked;
          return;
        }
        // One step on one attribute: somebody may be typing in the item.
        editor.view.dispatch(editor.state.tr.setNodeAttribute(position, "checked", checkbox.checked));
      };

      checkbox.addEventListener("mousedown", event => event.preventDefault());
      checkbox.addEventListener("change", toggle);
      show(node);
      return {
        dom,
        contentDOM,
        update: updated => {
          if (updated.type !== this.type) return false;
          show(updated);
          return true;
        },
      };
    };
  },
}).configure({ nested: true });

function isChecked(element: HTMLElement): boolean {
  const own = element.getAttribute("data-checked");
  if (own !== null) return own === "" || own === "true";
  return element.querySelector(":scope > input[checked], :scope > p > input[checked]") !== null;
}

function labelOf(item: Node): string {
  return item.firstChild?.textContent.slice(0, LABEL_LENGTH) || "Task";
}
