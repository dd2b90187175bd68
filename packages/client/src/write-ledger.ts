import type { ErrorCode } from "@octavo/schema";

/** A write frame that left through this socket and has no answer yet. */
export interface Write {
  kind: "step2" | "update";
  sentAt: number;
  /** Clock of our own Yjs client after this write: everything below it is inside this write or an earlier one. */
  clock: number;
  /** Edits of this person that it carries. */
  edits: number;
}

/**
 * The account of one socket: what was sent against what was answered. Answers carry no number and belong to the
 * socket that the write went through, so every socket has its own account (`reopened`).
 */
export interface WriteLedger {
  /** Oldest first: answers come in the order of the writes. */
  readonly outstanding: readonly Write[];
  /** Edits that no write on this socket carries: made without a connection, refused, or just now. */
  readonly unsentEdits: number;
  /** Our sync step 2 went out: the server knows, or is about to know, everything from before this socket. */
  readonly hasSentStep2: boolean;
  /** The server's sync step 2 came in. */
  readonly hasReceivedStep2: boolean;
  /** Own clock up to which the server has everything on disk; outlives the socket. */
  readonly ackedClock: number;
  /** Why the server refused a write that it has not taken since; outlives the socket. */
  readonly refusal: ErrorCode | undefined;
}

export const emptyLedger: WriteLedger = {
  outstanding: [],
  unsentEdits: 0,
  hasSentStep2: false,
  hasReceivedStep2: false,
  ackedClock: 0,
  refusal: undefined,
};

/** The account of the next socket: what had no answer on the last one counts as unsent. */
export function reopened(ledger: WriteLedger): WriteLedger {
  const { ackedClock, refusal } = ledger;
  return { ...emptyLedger, unsentEdits: editsNotAcked(ledger), ackedClock, refusal };
}

/** This person changed something; whether it is sent is seen afterwards. */
export function edited(ledger: WriteLedger): WriteLedger {
  return { ...ledger, unsentEdits: ledger.unsentEdits + 1 };
}

/**
 * A write left in `frames` frames, and with it every edit that was unsent: an update carries the one just made, a
 * step 2 all of them. Only the last frame completes them, so only its ack counts for edits and clock. A step 2
 * carries everything that the server lacks: what was refused before it is asked again.
 */
export function sent(ledger: WriteLedger, write: Omit<Write, "edits">, frames = 1): WriteLedger {
  const part: Write = { ...write, clock: 0, edits: 0 };
  return {
    ...ledger,
    outstanding: [
      ...ledger.outstanding,
      ...Array.from({ length: frames - 1 }, () => part),
      { ...write, edits: ledger.unsentEdits },
    ],
    unsentEdits: 0,
    hasSentStep2: ledger.hasSentStep2 || write.kind === "step2",
    refusal: write.kind === "step2" ? undefined : ledger.refusal,
  };
}

/** The server asked for what it lacks and gets nothing: after some refusals sending again would be refused again. */
export function withheld(ledger: WriteLedger): WriteLedger {
  return { ...ledger, hasSentStep2: true };
}

/** The oldest outstanding write is on disk. */
export function acked(ledger: WriteLedger): WriteLedger {
  const [oldest, ...outstanding] = ledger.outstanding;
  if (oldest === undefined) return ledger;
  return { ...ledger, outstanding, ackedClock: Math.max(ledger.ackedClock, oldest.clock) };
}

/** The oldest outstanding write was refused. The server drops what was sent after it, so nothing is outstanding any more. */
export function refused(ledger: WriteLedger, code: ErrorCode): WriteLedger {
  const refusal = ledger.refusal ?? code;
  return { ...ledger, outstanding: [], unsentEdits: editsNotAcked(ledger), refusal };
}

export function receivedStep2(ledger: WriteLedger): WriteLedger {
  return { ...ledger, hasReceivedStep2: true };
}

/** Both sides have told each other what they had when the socket opened. */
export function isHandshakeComplete(ledger: WriteLedger): boolean {
  return ledger.hasSentStep2 && ledger.hasReceivedStep2;
}

/** Everything that was written here is on the server's disk. */
export function isSettled(ledger: WriteLedger): boolean {
  return (
    isHandshakeComplete(ledger) &&
    ledger.outstanding.length === 0 &&
    ledger.unsentEdits === 0 &&
    ledger.refusal === undefined
  );
}

/** Edits of this person that are not known to be on disk. */
export function editsNotAcked(ledger: WriteLedger): number {
  return ledger.outstanding.reduce((sum, write) => sum + write.edits, ledger.unsentEdits);
}
