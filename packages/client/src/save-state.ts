import type { ErrorCode, Role } from "@octavo/schema";

/** What the person is told about their text. */
export type SaveState =
  /** The document has not been here yet. */
  | { kind: "opening" }
  /** Everything is on the server's disk. */
  | { kind: "saved"; at: number | undefined }
  /** Somebody types, and the acks keep up: nothing is claimed and nothing is wrong. */
  | { kind: "writing" }
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

/** From this age of an unacknowledged write on the label says "Saving…": acks normally take a few milliseconds. */
export const SAVING_AFTER_MS = 400;
/** "Saving…" is shown at least this long, and "Saved" this long after the last ack, so that the label does not flicker. */
export const QUIET_MS = 600;
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

  const isUnderWay = shown.state.kind === "saving" || shown.state.kind === "writing";
  if (isUnderWay && state.kind === "saved") {
    const since = Math.max(shown.state.kind === "saving" ? shown.since : 0, state.at ?? 0);
    const leftMs = QUIET_MS - (now - since);
    if (leftMs > 0) return { shown, lookAgainInMs: leftMs };
  }
  // It does not fall back from "Saving…" between two acks of somebody who types on.
  if (shown.state.kind === "saving" && state.kind === "writing") {
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
  if (facts.isSettled) return { state: { kind: "saved", at: facts.savedAt } };
  if (facts.unsettledSince === undefined) return { state: { kind: "writing" } };
  const leftMs = SAVING_AFTER_MS - (now - facts.unsettledSince);
  if (leftMs > 0) return { state: { kind: "writing" }, lookAgainInMs: leftMs };
  return { state: { kind: "saving" } };
}

function whileNotLinked(facts: SaveFacts, now: number): { state: SaveState; lookAgainInMs?: number } {
  const leftMs = OFFLINE_AFTER_MS - (now - facts.linkSince);
  if (leftMs <= 0) return { state: { kind: "offline-not-kept", unsentEdits: facts.unsentEdits } };
  const state: SaveState =
    facts.link === "opening" ? { kind: "opening" } : { kind: "reconnecting", unsentEdits: facts.unsentEdits };
  return { state, lookAgainInMs: leftMs };
}
