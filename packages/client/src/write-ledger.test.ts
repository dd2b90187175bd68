import { describe, expect, it } from "vitest";
import {
  acked,
  edited,
  editsNotAcked,
  emptyLedger,
  isHandshakeComplete,
  isSettled,
  receivedStep2,
  refused,
  reopened,
  sent,
  type WriteLedger,
  withheld,
} from "./write-ledger.ts";

type Change = (ledger: WriteLedger) => WriteLedger;

const step2: Change = ledger => sent(ledger, { kind: "step2", sentAt: 0, clock: 0 });
const update = (clock: number, frames = 1): Change => {
  return ledger => sent(edited(ledger), { kind: "update", sentAt: 0, clock }, frames);
};
const no =
  (code: Parameters<typeof refused>[1] = "MALFORMED_UPDATE"): Change =>
  ledger =>
    refused(ledger, code);
const after = (...changes: Change[]) => changes.reduce((ledger, change) => change(ledger), emptyLedger);
const open = [receivedStep2, step2, acked] as const;

describe("V1 settled", () => {
  it("not before both halves of the handshake, in either order", () => {
    expect(isSettled(after())).toBe(false);
    expect(isSettled(after(receivedStep2))).toBe(false);
    expect(isSettled(after(step2, acked))).toBe(false);
    expect(isSettled(after(receivedStep2, step2, acked))).toBe(true);
    expect(isSettled(after(step2, acked, receivedStep2))).toBe(true);
  });

  it("not while our step 2 has no ack: it may carry everything written offline", () => {
    expect(isSettled(after(receivedStep2, step2))).toBe(false);
  });

  it("takes as many acks as writes, and an ack too many changes nothing", () => {
    const two = after(...open, update(1), update(2));
    expect(isSettled(acked(two))).toBe(false);
    expect(isSettled(acked(acked(two)))).toBe(true);
    expect(acked(acked(acked(two)))).toEqual(acked(acked(two)));
  });

  it("a split write is settled by the ack of its last part", () => {
    const split = after(...open, update(9, 3));
    expect(split.outstanding).toHaveLength(3);
    const almost = acked(acked(split));
    expect([isSettled(almost), editsNotAcked(almost), almost.ackedClock]).toEqual([false, 1, 0]);
    expect([isSettled(acked(almost)), acked(almost).ackedClock]).toEqual([true, 9]);
  });
});

describe("V2 a lost socket", () => {
  it("forgets the acks it still owed, and the edits count as unsent", () => {
    const lost = reopened(after(...open, update(1), update(2), acked, update(3)));
    expect(lost.outstanding).toEqual([]);
    expect(editsNotAcked(lost)).toBe(2);
    expect(isHandshakeComplete(lost)).toBe(false);
  });

  it("the next step 2 carries what was unsent, and its ack settles it", () => {
    const back = [reopened, edited, receivedStep2, step2] as const;
    expect(editsNotAcked(after(...open, update(1), ...back))).toBe(2);
    expect(isSettled(after(...open, update(1), ...back))).toBe(false);
    expect(isSettled(after(...open, update(1), ...back, acked))).toBe(true);
  });

  it("keeps the clock up to which the server has everything", () => {
    expect(after(...open, update(5), acked, reopened).ackedClock).toBe(5);
  });
});

describe("V3 a refusal", () => {
  it("is not settled, and everything after it is unsent again", () => {
    const ledger = after(...open, update(1), acked, update(2), update(3), no());
    expect([isSettled(ledger), editsNotAcked(ledger), ledger.outstanding.length]).toEqual([false, 2, 0]);
  });

  it("outlives the socket, and the first reason stays", () => {
    const ledger = after(...open, update(1), no("READ_ONLY"), no("TOO_LARGE"), reopened);
    expect(ledger.refusal).toBe("READ_ONLY");
  });

  it("is over when the server asks again and takes the answer", () => {
    const asked = after(...open, update(1), no("READ_ONLY"), step2);
    expect(isSettled(asked)).toBe(false);
    expect(isSettled(acked(asked))).toBe(true);
    expect(refused(asked, "READ_ONLY").refusal).toBe("READ_ONLY");
  });

  it("a withheld answer completes the handshake without settling anything", () => {
    const ledger = after(...open, update(1), no(), reopened, receivedStep2, withheld);
    expect([isHandshakeComplete(ledger), isSettled(ledger), editsNotAcked(ledger)]).toEqual([true, false, 1]);
  });
});

it("V2 edits are neither lost nor doubled by any order of events", () => {
  // Every event but an ack and a new edit leaves the number of edits without an ack as it is.
  const neutral: Change[] = [step2, receivedStep2, no(), reopened, withheld];
  for (const first of neutral) {
    for (const second of neutral) {
      expect(editsNotAcked(after(...open, update(1), update(2), first, second))).toBe(2);
    }
  }
});
