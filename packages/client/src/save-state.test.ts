import { describe, expect, it } from "vitest";
import {
  nextSaveState,
  OFFLINE_AFTER_MS,
  QUIET_MS,
  SAVING_AFTER_MS,
  type SaveFacts,
  type Shown,
} from "./save-state.ts";

const saved: SaveFacts = {
  link: "open",
  linkSince: 0,
  isSettled: true,
  unsettledSince: undefined,
  unsentEdits: 0,
  savedAt: 1,
  isWritable: true,
  role: "editor",
  trouble: undefined,
};
const unsettled = (since: number): SaveFacts => ({
  ...saved,
  isSettled: false,
  unsettledSince: since,
  unsentEdits: 1,
});
const showing = (kind: "saved" | "saving" | "writing", since = 0): Shown => ({
  since,
  state: kind === "saved" ? { kind, at: 1 } : { kind },
});

describe("V4 the label", () => {
  it("takes Saved back with the first letter, and says no other word while the write is young", () => {
    const { shown, lookAgainInMs } = nextSaveState(showing("saved"), unsettled(1000), 1100);
    expect(shown.state).toEqual({ kind: "writing" });
    expect(lookAgainInMs).toBe(SAVING_AFTER_MS - 100);
    expect(
      nextSaveState(showing("saved"), { ...unsettled(0), unsettledSince: undefined }, 5).shown.state,
    ).toEqual({
      kind: "writing",
    });
  });

  it("says Saved again only when the acks have been quiet for a while: it does not blink with every letter", () => {
    const acked = { ...saved, savedAt: 1000 };
    const early = nextSaveState(showing("writing", 900), acked, 1010);
    expect(early.shown.state.kind).toBe("writing");
    expect(early.lookAgainInMs).toBe(QUIET_MS - 10);
    expect(nextSaveState(showing("writing", 900), acked, 1000 + QUIET_MS).shown.state.kind).toBe("saved");
  });

  it("never says Saved while anything is without its ack", () => {
    for (const kind of ["saved", "saving", "writing"] as const) {
      for (const now of [1000, 1001, 1000 + SAVING_AFTER_MS, 1000 + 10 * QUIET_MS]) {
        expect(nextSaveState(showing(kind), unsettled(1000), now).shown.state.kind).not.toBe("saved");
      }
    }
  });

  it("says Saving from then on", () => {
    expect(nextSaveState(showing("saved"), unsettled(0), SAVING_AFTER_MS).shown.state.kind).toBe("saving");
  });

  it("keeps Saving for its shortest time, then says Saved", () => {
    const shown = showing("saving", 1000);
    const early = nextSaveState(shown, saved, 1100);
    expect(early.shown.state.kind).toBe("saving");
    expect(early.lookAgainInMs).toBe(QUIET_MS - 100);
    expect(nextSaveState(shown, saved, 1000 + QUIET_MS).shown.state.kind).toBe("saved");
  });

  it("does not fall back to Saved between two writes of somebody who types on", () => {
    expect(nextSaveState(showing("saving", 0), unsettled(5000), 5010).shown.state.kind).toBe("saving");
  });

  it("is Reconnecting first and Offline after a while, with what waits", () => {
    const lost: SaveFacts = { ...unsettled(0), link: "lost", linkSince: 0, unsentEdits: 3 };
    const early = nextSaveState(showing("saved"), lost, 10);
    expect(early.shown.state).toEqual({ kind: "reconnecting", unsentEdits: 3 });
    expect(early.lookAgainInMs).toBe(OFFLINE_AFTER_MS - 10);
    const late = nextSaveState(early.shown, lost, OFFLINE_AFTER_MS).shown.state;
    expect(late).toEqual({ kind: "offline-not-kept", unsentEdits: 3 });
  });

  it("never says Saved while the link is not open, whatever the ledger says", () => {
    for (const link of ["opening", "lost", "closed"] as const) {
      for (const now of [0, OFFLINE_AFTER_MS]) {
        expect(nextSaveState(showing("saved"), { ...saved, link }, now).shown.state.kind).not.toBe("saved");
      }
    }
  });

  it("says what is wrong before anything else, and whether something is lost by leaving", () => {
    const trouble = { ...unsettled(0), link: "lost", trouble: "READ_ONLY" } as const;
    expect(nextSaveState(showing("saved"), trouble, 0).shown.state).toEqual({
      kind: "cannot-save",
      code: "READ_ONLY",
      hasUnsaved: true,
    });
  });

  it("is View only where writing is not allowed", () => {
    const viewer = { ...saved, isWritable: false, role: "viewer" } as const;
    expect(nextSaveState(showing("saved"), viewer, 0).shown.state).toEqual({
      kind: "view-only",
      role: "viewer",
    });
  });
});
