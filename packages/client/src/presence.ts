import { type PresenceState, presenceState } from "@octavo/schema/protocol";
import type { Awareness } from "y-protocols/awareness";
import { createStore, type Store } from "./store.ts";
import type { Timers } from "./timers.ts";

/** Somebody else in the document, in one of their tabs. */
export interface Peer extends PresenceState {
  yjsClientId: number;
  /** When their state changed last, by our clock. */
  activeAt: number;
}

const HIDDEN_AWAY_MS = 10_000;
const IDLE_AWAY_MS = 60_000;

/** The others whose state has the form that the server stamps; self is not among them. Most recently active first. */
export function observePeers(
  awareness: Awareness,
  timers: Timers,
): { peers: Store<readonly Peer[]>; stop(): void } {
  const store = createStore<readonly Peer[]>([]);
  const activeAt = new Map<number, number>();
  const update = (changes: { added: number[]; updated: number[]; removed: number[] }): void => {
    for (const id of [...changes.added, ...changes.updated]) activeAt.set(id, timers.now());
    for (const id of changes.removed) activeAt.delete(id);
    store.set(readPeers(awareness, activeAt));
  };
  awareness.on("change", update);
  return { peers: store, stop: () => awareness.off("change", update) };
}

function readPeers(awareness: Awareness, activeAt: Map<number, number>): readonly Peer[] {
  const peers: Peer[] = [];
  for (const [yjsClientId, state] of awareness.getStates()) {
    if (yjsClientId === awareness.clientID) continue;
    const read = presenceState.safeParse(state);
    if (read.success) peers.push({ ...read.data, yjsClientId, activeAt: activeAt.get(yjsClientId) ?? 0 });
  }
  return peers.sort((a, b) => b.activeAt - a.activeAt);
}

/** Tells the others when this person is away: the tab hidden for a while, or nothing done in it. Returns the end of it. */
export function announceAway(awareness: Awareness, page: Document, timers: Timers): () => void {
  let cancel = (): void => {};
  const setAway = (away: boolean): void => {
    const state = awareness.getLocalState();
    if (state !== null && Boolean(state.away) !== away) awareness.setLocalStateField("away", away);
  };
  const restart = (): void => {
    cancel();
    if (!page.hidden) setAway(false);
    cancel = timers.after(page.hidden ? HIDDEN_AWAY_MS : IDLE_AWAY_MS, () => setAway(true));
  };
  const events = ["visibilitychange", "keydown", "pointerdown"] as const;
  for (const event of events) page.addEventListener(event, restart, { passive: true });
  restart();
  return () => {
    cancel();
    for (const event of events) page.removeEventListener(event, restart);
  };
}
