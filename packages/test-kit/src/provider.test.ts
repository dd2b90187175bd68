import * as encoding from "lib0/encoding";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { Ledger } from "./provider.ts";

/** Frames as the provider and the server write them. */
const write = (step: 1 | 2, update: Uint8Array) =>
  encoding.encode(encoder => {
    encoding.writeVarString(encoder, "document");
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint(encoder, step);
    encoding.writeVarUint8Array(encoder, update);
  });
const status = (applied: boolean) =>
  encoding.encode(encoder => {
    encoding.writeVarString(encoder, "document");
    encoding.writeVarUint(encoder, 8);
    encoding.writeVarUint(encoder, applied ? 1 : 0);
  });

/** A document and one update for each word inserted into it. */
function typed(...words: string[]): { document: Y.Doc; updates: Uint8Array[] } {
  const document = new Y.Doc();
  const updates: Uint8Array[] = [];
  document.on("update", (update: Uint8Array) => updates.push(update));
  for (const word of words) document.getText("t").insert(document.getText("t").length, word);
  return { document, updates };
}

describe("ledger", () => {
  it("takes acknowledgements in the order of the writes", () => {
    const { updates } = typed("a", "b");
    const ledger = new Ledger();
    ledger.begin();
    ledger.recordOutgoing(write(1, updates[0]!));
    ledger.recordOutgoing(write(2, updates[1]!));
    ledger.recordIncoming(status(true));
    expect(ledger.acked).toEqual([updates[0]]);
    expect(ledger.isSettled).toBe(false);
    ledger.recordIncoming(status(true));
    expect(ledger.isSettled).toBe(true);
  });

  it("counts a refusal as an answer, not as saved", () => {
    const { updates } = typed("a");
    const ledger = new Ledger();
    ledger.recordOutgoing(write(2, updates[0]!));
    ledger.recordIncoming(status(false));
    expect(ledger).toMatchObject({ acked: [], refusals: 1, outstanding: 0 });
  });

  it("expects nothing any more from a socket that is gone", () => {
    const { updates } = typed("a");
    const ledger = new Ledger();
    ledger.recordOutgoing(write(2, updates[0]!));
    ledger.begin();
    expect(ledger.outstanding).toBe(0);
  });

  it("finds acknowledged updates that a document lacks, deletions too", () => {
    const { document, updates } = typed("a", "b");
    const before = new Y.Doc();
    Y.applyUpdate(before, Y.encodeStateAsUpdate(document));
    document.getText("t").delete(0, 1);
    const ledger = new Ledger();
    ledger.acked.push(...updates);
    expect(updates).toHaveLength(3);
    expect(ledger.missingFrom(document)).toBe(0);
    expect(ledger.missingFrom(before)).toBe(1);
    expect(ledger.missingFrom(new Y.Doc())).toBe(3);
  });
});
