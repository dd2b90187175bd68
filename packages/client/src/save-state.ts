import type { ErrorCode, Role } from "@octavo/schema";

/** What the person is told about their text. */
export type SaveState =
  /** The document has not been here yet. */
  | { kind: "opening" }
  /** Everything is on the server's disk; `pending`: something younger than the grace is on its way. */
  | { kind: "saved"; at: number | undefined; pending: boolean }
  | { kind: "saving" }
  | { kind: "reconnecting"; unsentEdits: number }
  /** There is no copy on the device: what is unsent lives in this tab only. */
  | { kind: "offline-not-kept"; unsentEdits: number }
  | { kind: "cannot-save"; code: ErrorCode; hasUnsaved: boolean }
  | { kind: "view-only"; role: Role | undefined };

/** What is true at the moment, before the label's own timing. */
export interface SaveFacts {
  /** `opening` and `lost` end with a complete handshake, not with an open socket. */
  link: "opening" | "open" | "lost" | "closed";
  /** Since when the link is opening or lost. */
  linkSince: number;
  /** Nothing written here is without its ack. */
  isSettled: boolean;
  /** When the oldest write without an ack was sent. */
  unsettledSince: number | undefined;
  unsentEdits: number;
  /** When something was acknowledged last. */
  savedAt: number | undefined;
  isWritable: boolean;
  role: Role | undefined;
  /** Why nothing can be saved: a refusal, a close for good, a store that does not take writes. */
  trouble: ErrorCode | undefined;
}

export interface Shown {
  state: SaveState;
  since: number;
}

/** Below this age an unacknowledged write does not change the label: acks normally take a few milliseconds. */
export const SAVING_AFTER_MS = 400;
/** Shown at least this long, so that the label does not flicker. */
export const SAVING_AT_LEAST_MS = 600;
/** From here on a lost connection is called offline. */
export const OFFLINE_AFTER_MS = 5_000;

/** What to show now, and after how many milliseconds to ask again although nothing has happened. */
export function nextSaveState(
  shown: Shown,
  facts: SaveFacts,
  now: number,
): { shown: Shown; lookAgainInMs?: number } {
  const { state, lookAgainInMs } = wanted(facts, now);
  const show = (next: SaveState): Shown =>
    next.kind === shown.state.kind ? { state: next, since: shown.since } : { state: next, since: now };

  if (shown.state.kind === "saving" && state.kind === "saved") {
    const leftMs = SAVING_AT_LEAST_MS - (now - shown.since);
    if (leftMs > 0) return { shown, lookAgainInMs: leftMs };
  }
  // A write on its way keeps "Saving…" on the screen; it does not fall back to "Saved" between two acks.
  if (shown.state.kind === "saving" && state.kind === "saved" && state.pending) {
    return { shown, ...(lookAgainInMs !== undefined && { lookAgainInMs }) };
  }
  return { shown: show(state), ...(lookAgainInMs !== undefined && { lookAgainInMs }) };
}

function wanted(facts: SaveFacts, now: number): { state: SaveState; lookAgainInMs?: number } {
  if (facts.trouble !== undefined) {
    return { state: { kind: "cannot-save", code: facts.trouble, hasUnsaved: !facts.isSettled } };
  }
  if (facts.link !== "open") return whileNotLinked(facts, now);
  if (!facts.isWritable) return { state: { kind: "view-only", role: facts.role } };
  if (facts.isSettled || facts.unsettledSince === undefined) {
    return { state: { kind: "saved", at: facts.savedAt, pending: !facts.isSettled } };
  }
  const leftMs = SAVING_AFTER_MS - (now - facts.unsettledSince);
  if (leftMs > 0)
    return { state: { kind: "saved", at: facts.savedAt, pending: true }, lookAgainInMs: leftMs };
  return { state: { kind: "saving" } };
}

function whileNotLinked(facts: SaveFacts, now: number): { state: SaveState; lookAgainInMs?: number } {
  const leftMs = OFFLINE_AFTER_MS - (now - facts.linkSince);
  if (leftMs <= 0) return { state: { kind: "offline-not-kept", unsentEdits: facts.unsentEdits } };
  const state: SaveState =
    facts.link === "opening" ? { kind: "opening" } : { kind: "reconnecting", unsentEdits: facts.unsentEdits };
  return { state, lookAgainInMs: leftMs };
}
