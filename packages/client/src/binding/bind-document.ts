import { type Command, type EditorState, Plugin } from "@tiptap/pm/state";
import type { EditorView } from "@tiptap/pm/view";
import {
  redo,
  undo,
  yCursorPlugin,
  yCursorPluginKey,
  ySyncPlugin,
  yUndoPlugin,
  yUndoPluginKey,
} from "@tiptap/y-tiptap";
import type { Awareness } from "y-protocols/awareness";
import type { UndoManager, XmlFragment } from "yjs";
import { CaretAwareness, type DrawnUser } from "./caret-awareness.ts";
import { caretKeeper, readSelection } from "./caret-keeper.ts";
import { Carets } from "./carets.ts";

/** What binds an editor to a document's body. */
export interface DocumentBinding {
  /** In this order, and all of them from the start: reconfiguring the state would end the undo history. */
  plugins: Plugin[];
  /** Takes back the last change of this person at this editor, never anybody else's, and puts the caret where it was. */
  undo: Command;
  redo: Command;
  canUndo(state: EditorState): boolean;
  canRedo(state: EditorState): boolean;
}

/**
 * Binds a ProseMirror editor to a body. This folder is the only place that knows y-tiptap; a binding of our own will
 * take its place behind the same function. Bind only after the first handshake: what is not there yet would look
 * like deleted. The binding ends with the editor's view.
 */
export function bindDocument(document: { body: XmlFragment; awareness: Awareness }): DocumentBinding {
  const carets = caretPlugins(document.awareness);
  return {
    plugins: [caretKeeper(document.body), ySyncPlugin(document.body), ...carets, yUndoPlugin()],
    undo: (state, dispatch) =>
      isPossible(state, "undoStack") && (dispatch === undefined || undo(state) === true),
    redo: (state, dispatch) =>
      isPossible(state, "redoStack") && (dispatch === undefined || redo(state) === true),
    canUndo: state => isPossible(state, "undoStack"),
    canRedo: state => isPossible(state, "redoStack"),
  };
}

function isPossible(state: EditorState, stack: "undoStack" | "redoStack"): boolean {
  const manager = (yUndoPluginKey.getState(state) as { undoManager: UndoManager } | undefined)?.undoManager;
  return manager !== undefined && manager[stack].length > 0;
}

function caretPlugins(awareness: Awareness): Plugin[] {
  const carets = new Carets();
  let view: EditorView | undefined;
  let seen: CaretAwareness | undefined;
  const slow = (): CaretAwareness => {
    seen ??= new CaretAwareness(awareness, {
      onMoved: yjsClientId => view && carets.wake(yjsClientId, view),
      onGone: yjsClientId => carets.forget(yjsClientId),
      onDraw: () => view && drawCarets(view),
    });
    return seen;
  };
  const drawing = yCursorPlugin(slow() as unknown as Awareness, {
    cursorBuilder: (user: DrawnUser, yjsClientId) => carets.elementOf(yjsClientId, user.presence),
    selectionBuilder: (user: DrawnUser) => ({
      class: "octavo-selection",
      "data-person": String(user.presence.user.color),
    }),
  }) as Plugin;
  // Views end in the reverse order: this one after the drawing one, whose last act is to take the own cursor away.
  const lifetime = new Plugin({
    view: made => {
      view = made;
      return {
        destroy: () => {
          view = undefined;
          carets.clear();
          seen?.destroy();
        },
      };
    },
  });
  return [lifetime, drawing];
}

/**
 * Draws the others' carets anew. Drawing puts the own caret where the editor knows it: one that the browser has moved
 * a moment ago is read before, or Home and a colleague's movement together leave it where it was.
 */
function drawCarets(view: EditorView): void {
  readSelection(view);
  view.dispatch(view.state.tr.setMeta(yCursorPluginKey, { awarenessUpdated: true }));
}
