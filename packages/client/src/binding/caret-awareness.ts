import { PRESENCE_COLORS, type PresenceState, presenceState } from "@octavo/schema/protocol";
import type { Awareness } from "y-protocols/awareness";

/** At most this often a cursor is sent, and the cursors of others are drawn: 20 times a second looks continuous. */
const INTERVAL_MS = 50;
/** A selection that does not move is somebody reading: its tint goes, the caret stays. */
const SELECTION_RESTS_MS = 30_000;
/** Nobody is at this caret any more; the avatar stays. */
const CARET_RESTS_MS = 300_000;

type Changes = { added: number[]; updated: number[]; removed: number[] };

/** What the caret plugin draws: a person with a colour in the form that it checks. */
export interface DrawnUser {
  name: string;
  color: string;
  presence: PresenceState;
}

/**
 * The awareness as the caret plugin sees it: only states with the server's stamp, cursors that rest left out, and
 * both directions slowed down to what an eye needs.
 */
export class CaretAwareness {
  private readonly awareness: Awareness;
  private readonly onMoved: (yjsClientId: number) => void;
  private readonly onGone: (yjsClientId: number) => void;
  private readonly onDraw: () => void;
  private readonly movedAt = new Map<number, number>();
  private readonly cursors = new Map<number, string>();
  private own: { cursor: unknown } | undefined;
  private sendTimer: ReturnType<typeof setTimeout> | undefined;
  private drawTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly restTimer: ReturnType<typeof setInterval>;

  constructor(
    awareness: Awareness,
    events: { onMoved(yjsClientId: number): void; onGone(yjsClientId: number): void; onDraw(): void },
  ) {
    this.awareness = awareness;
    this.onMoved = events.onMoved;
    this.onGone = events.onGone;
    this.onDraw = events.onDraw;
    awareness.on("change", this.changed);
    this.restTimer = setInterval(() => this.onDraw(), SELECTION_RESTS_MS);
  }

  // The five members that the caret plugin uses of an awareness.

  getStates(): Map<number, { user: DrawnUser; cursor: unknown }> {
    const drawn = new Map<number, { user: DrawnUser; cursor: unknown }>();
    for (const [yjsClientId, state] of this.awareness.getStates()) {
      if (yjsClientId === this.awareness.clientID) continue;
      const read = presenceState.safeParse(state);
      if (!read.success) continue;
      const { user } = read.data;
      const color = PRESENCE_COLORS[user.color]!.light;
      drawn.set(yjsClientId, {
        user: { name: user.name, color, presence: read.data },
        cursor: this.restingCursor(yjsClientId, read.data.cursor ?? null),
      });
    }
    return drawn;
  }

  getLocalState(): Record<string, unknown> | null {
    const state = this.awareness.getLocalState();
    return state === null ? null : { ...state, ...this.own };
  }

  setLocalStateField(_field: string, cursor: unknown): void {
    this.own = { cursor };
    if (this.sendTimer !== undefined) return;
    this.send();
    this.sendTimer = setTimeout(() => {
      this.sendTimer = undefined;
      this.send();
    }, INTERVAL_MS);
  }

  // It would draw a moment after it hears of something; whoever made this says when.
  on(): void {}

  off(): void {}

  /** Takes the own cursor away from the others' screens and ends the timers. */
  destroy(): void {
    clearTimeout(this.sendTimer);
    clearTimeout(this.drawTimer);
    clearInterval(this.restTimer);
    this.awareness.off("change", this.changed);
    this.own = { cursor: null };
    this.send();
  }

  private send(): void {
    const { own } = this;
    this.own = undefined;
    // A state that is gone (the page is being left) must not come back by a late cursor.
    if (own !== undefined && this.awareness.getLocalState() !== null) {
      this.awareness.setLocalStateField("cursor", own.cursor);
    }
  }

  private readonly changed = ({ added, updated, removed }: Changes): void => {
    for (const yjsClientId of removed) {
      this.cursors.delete(yjsClientId);
      this.movedAt.delete(yjsClientId);
      this.onGone(yjsClientId);
    }
    const others = [...added, ...updated].filter(yjsClientId => yjsClientId !== this.awareness.clientID);
    for (const yjsClientId of others) this.noteMovement(yjsClientId);
    if (others.length + removed.length === 0) return;
    this.drawTimer ??= setTimeout(() => {
      this.drawTimer = undefined;
      this.onDraw();
    }, INTERVAL_MS);
  };

  private noteMovement(yjsClientId: number): void {
    const cursor = JSON.stringify(this.awareness.getStates().get(yjsClientId)?.cursor ?? null);
    if (this.cursors.get(yjsClientId) === cursor) return;
    this.cursors.set(yjsClientId, cursor);
    this.movedAt.set(yjsClientId, Date.now());
    this.onMoved(yjsClientId);
  }

  private restingCursor(yjsClientId: number, cursor: PresenceState["cursor"] | null): unknown {
    if (cursor === null || cursor === undefined) return null;
    const restsMs = Date.now() - (this.movedAt.get(yjsClientId) ?? Date.now());
    if (restsMs > CARET_RESTS_MS) return null;
    return restsMs > SELECTION_RESTS_MS ? { anchor: cursor.head, head: cursor.head } : cursor;
  }
}
