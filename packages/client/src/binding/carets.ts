import type { PresenceState } from "@octavo/schema/protocol";
import type { EditorView } from "@tiptap/pm/view";

/** The name stays this long after the last movement. */
const LABEL_MS = 3_000;
/** All names show for a moment when the document opens: who is here, and where. */
const LABEL_AT_OPEN_MS = 4_000;
/** Height that a name needs above or below a caret, in pixels. */
const LABEL_ROOM = 22;

interface Caret {
  dom: HTMLElement;
  label: HTMLElement;
  rest: ReturnType<typeof setTimeout> | undefined;
}

/**
 * The carets of other people, one element each for as long as they are here: an element made anew would start its
 * label's animation again with every letter.
 */
export class Carets {
  private readonly carets = new Map<number, Caret>();

  /** The element of this client's caret, with the name and colour of now. */
  elementOf(yjsClientId: number, state: Pick<PresenceState, "user" | "away">): HTMLElement {
    let caret = this.carets.get(yjsClientId);
    if (caret === undefined) {
      caret = buildCaret();
      this.carets.set(yjsClientId, caret);
      this.showLabel(caret, LABEL_AT_OPEN_MS);
    }
    caret.dom.dataset.person = String(state.user.color);
    caret.dom.toggleAttribute("data-away", state.away === true);
    if (caret.label.textContent !== state.user.name) caret.label.textContent = state.user.name;
    return caret.dom;
  }

  /** They moved or typed: shows the name, on the side where it covers neither the local line nor the edge. */
  wake(yjsClientId: number, view: EditorView): void {
    const caret = this.carets.get(yjsClientId);
    if (caret === undefined) return;
    this.showLabel(caret, LABEL_MS);
    requestAnimationFrame(() => placeLabel(caret, view));
  }

  forget(yjsClientId: number): void {
    clearTimeout(this.carets.get(yjsClientId)?.rest);
    this.carets.delete(yjsClientId);
  }

  clear(): void {
    for (const yjsClientId of [...this.carets.keys()]) this.forget(yjsClientId);
  }

  private showLabel(caret: Caret, forMs: number): void {
    clearTimeout(caret.rest);
    caret.dom.toggleAttribute("data-active", true);
    caret.rest = setTimeout(() => caret.dom.removeAttribute("data-active"), forMs);
  }
}

function buildCaret(): Caret {
  const dom = document.createElement("span");
  dom.className = "octavo-caret";
  // What a caret says is in the list of people; in the text it would be read out in the middle of a word.
  dom.setAttribute("aria-hidden", "true");
  const label = document.createElement("span");
  label.className = "octavo-caret-label";
  // Without these joiners a caret at the end of a line opens a new line, and the text moves.
  dom.append("\u2060", label, "\u2060");
  return { dom, label, rest: undefined };
}

function placeLabel({ dom, label }: Caret, view: EditorView): void {
  if (view.isDestroyed || !dom.isConnected) return;
  const caret = dom.getBoundingClientRect();
  const page = view.dom.getBoundingClientRect();
  const own = view.hasFocus() ? view.coordsAtPos(view.state.selection.head) : undefined;
  const above = caret.top - LABEL_ROOM;
  const coversOwnLine = own !== undefined && own.top < caret.top && own.bottom > above;
  dom.toggleAttribute("data-below", above < page.top || coversOwnLine);
  dom.toggleAttribute("data-before", caret.left + label.offsetWidth > page.right);
}
