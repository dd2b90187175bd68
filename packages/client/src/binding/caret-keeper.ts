import type { Node } from "@tiptap/pm/model";
import { Plugin } from "@tiptap/pm/state";
import type { EditorView } from "@tiptap/pm/view";
import { ySyncPluginKey } from "@tiptap/y-tiptap";
import {
  type AbstractType,
  createAbsolutePositionFromRelativePosition,
  createRelativePositionFromTypeIndex,
  type RelativePosition,
  XmlElement,
  type XmlFragment,
  XmlText,
} from "yjs";

/** What y-tiptap remembers of the caret while it rebuilds the text. */
interface RememberedSelection {
  anchor: RelativePosition | null;
  head: RelativePosition | null;
  absAnchor?: number;
  absHead?: number;
}

/** ProseMirror's reader of the browser's own selection; it has no public name. */
interface SelectionReader {
  domObserver: { flush(): void };
}

/**
 * Keeps the caret with its text while others write. Its place in the list of plugins is before y-tiptap's, so that
 * it hears everything first. Two things that y-tiptap 3.0.9 does are mended here:
 * - A caret that the browser has moved (Home, a click) is told to the editor a moment later. A colleague's letter in
 *   that moment would put the caret back, so it is read before y-tiptap remembers it.
 * - It takes a caret for lost as soon as the text around it has changed, and puts it back at its old offset in the
 *   block with the same attributes (isMisresolvedAfterStructuralChange): with block ids that is every letter that a
 *   colleague writes before the caret. Without the old offset it trusts the relative position, so the offset is
 *   taken away wherever that position stands in living text, or can be moved to the block that replaced its own.
 */
export function caretKeeper(body: XmlFragment): Plugin {
  return new Plugin({
    view: view => {
      const { doc } = body;
      const read = () => readSelection(view);
      const keep = () => keepPositions(view, body);
      doc?.on("beforeAllTransactions", read);
      body.observeDeep(keep);
      return {
        destroy: () => {
          doc?.off("beforeAllTransactions", read);
          body.unobserveDeep(keep);
        },
      };
    },
  });
}

/** Takes over a caret that the browser has moved and not told yet. */
export function readSelection(view: EditorView): void {
  if (!view.isDestroyed && !view.composing) (view as unknown as SelectionReader).domObserver.flush();
}

function keepPositions(view: EditorView, body: XmlFragment): void {
  const { binding } = ySyncPluginKey.getState(view.state) as {
    binding: { beforeTransactionSelection: RememberedSelection | null };
  };
  const remembered = binding.beforeTransactionSelection;
  if (remembered === null) return;
  const anchor = livingPosition(remembered.anchor, remembered.absAnchor, view.state.doc, body);
  if (anchor !== undefined) {
    remembered.anchor = anchor;
    delete remembered.absAnchor;
  }
  const head = livingPosition(remembered.head, remembered.absHead, view.state.doc, body);
  if (head !== undefined) {
    remembered.head = head;
    delete remembered.absHead;
  }
}

/** The position, or the same one in the block that took the place of its own; undefined where there is neither. */
function livingPosition(
  position: RelativePosition | null,
  absolute: number | undefined,
  before: Node,
  body: XmlFragment,
): RelativePosition | undefined {
  if (position !== null && isAlive(position, body)) return position;
  if (absolute === undefined || absolute > before.content.size) return undefined;
  const { parent, parentOffset } = before.resolve(absolute);
  const block = parent.isTextblock && parent.attrs.id ? blockWithId(body, parent.attrs.id) : undefined;
  return block && positionInBlock(block, parentOffset);
}

/** True where the position resolves and no element around it was deleted. */
function isAlive(position: RelativePosition, body: XmlFragment): boolean {
  const place = body.doc && createAbsolutePositionFromRelativePosition(position, body.doc);
  let type: AbstractType<unknown> | null = place?.type ?? null;
  while (type !== null && type !== body) {
    if (type._item === null || type._item.deleted) return false;
    type = type._item.parent as AbstractType<unknown>;
  }
  return type === body;
}

/** A paragraph that becomes a heading, or moves into a list, is deleted and made anew with the id that it had. */
function blockWithId(body: XmlFragment, id: unknown): XmlElement | undefined {
  for (const element of body.createTreeWalker(() => true)) {
    if (element instanceof XmlElement && element.getAttribute("id") === id) return element;
  }
  return undefined;
}

/** Texts count their length, everything else in a line counts one, as in ProseMirror. */
function positionInBlock(block: XmlElement, offset: number): RelativePosition | undefined {
  let left = offset;
  for (const child of block.toArray()) {
    const length = child instanceof XmlText ? child.length : 1;
    if (child instanceof XmlText && left <= length) {
      return createRelativePositionFromTypeIndex(child, left, -1);
    }
    left -= length;
  }
  return undefined;
}
