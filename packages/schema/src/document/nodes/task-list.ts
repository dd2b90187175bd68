import { TaskList as TiptapTaskList } from "@tiptap/extension-list";

/** A checklist. */
export const TaskList = TiptapTaskList.extend({
  parseHTML() {
    // The second is how GitHub and remark write a checklist; both before `ul`.
    return [
      { tag: `ul[data-type="${this.name}"]`, priority: 51 },
      { tag: "ul.contains-task-list", priority: 51 },
    ];
  },
});
