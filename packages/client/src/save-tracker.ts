import type { ErrorCode, Role } from "@octavo/schema";
import type { Frame } from "./frames.ts";
import { nextSaveState, SAVING_AFTER_MS, type SaveFacts, type SaveState, type Shown } from "./save-state.ts";
import { createStore, isShallowEqual, type Store } from "./store.ts";
import type { Timers } from "./timers.ts";
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

/** After these the server itself asks for what it lacks once access is back; after any other refusal, sending the same again is pointless. */
const RESUMABLE: ReadonlySet<ErrorCode> = new Set(["READ_ONLY", "FORBIDDEN"]);

/** Keeps the account of the sockets of one document, and the label that follows from it. */
export class SaveTracker {
  readonly state: Store<SaveState>;
  private readonly timers: Timers;
  private readonly onHandshake: () => void;
  private readonly label;
  private shown: Shown;
  private ledger: WriteLedger = emptyLedger;
  private link: SaveFacts["link"] = "opening";
  private linkSince: number;
  private savedAt: number | undefined;
  private isWritable = false;
  private role: Role | undefined;
  private closeCode: ErrorCode | undefined;
  private storageCode: ErrorCode | undefined;
  /** The server names the reason right before the answer that it belongs to. */
  private announcedRefusal: ErrorCode | undefined;
  private cancelLook = (): void => {};
  private waiters: (() => void)[] = [];

  /** `onHandshake` is called each time that both sides have told each other what they had. */
  constructor(timers: Timers, onHandshake: () => void) {
    this.timers = timers;
    this.onHandshake = onHandshake;
    this.linkSince = timers.now();
    this.shown = { state: { kind: "opening" }, since: this.linkSince };
    this.label = createStore<SaveState>(this.shown.state, isShallowEqual);
    this.state = this.label;
  }

  get ackedClock(): number {
    return this.ledger.ackedClock;
  }

  /** Why writing is over on this copy of the document, until it is opened anew. */
  get finalRefusal(): ErrorCode | undefined {
    const { refusal } = this.ledger;
    return refusal !== undefined && !RESUMABLE.has(refusal) ? refusal : undefined;
  }

  /** The server took a write back and has not asked for it again. */
  get isRefused(): boolean {
    return this.ledger.refusal !== undefined;
  }

  get hasUnsaved(): boolean {
    return editsNotAcked(this.ledger) > 0;
  }

  /** Leaving now would lose something. A write that left less than a moment ago does not count: it is as good as there. */
  get isAtRisk(): boolean {
    if (!this.hasUnsaved) return false;
    const since = this.ledger.outstanding[0]?.sentAt;
    return this.link !== "open" || since === undefined || this.timers.now() - since > SAVING_AFTER_MS;
  }

  /** Resolves as soon as nothing is without its ack. */
  whenSettled(): Promise<void> {
    if (isSettled(this.ledger)) return Promise.resolve();
    return new Promise(resolve => this.waiters.push(resolve));
  }

  edited(): void {
    this.change(edited(this.ledger));
  }

  /**
   * A write wants to leave as `frames` frames; false where it must not. Before our step 2 an update stays: the
   * step 2 carries it.
   */
  mayLeave(kind: "step2" | "update", clock: number, frames: number): boolean {
    if (this.finalRefusal !== undefined) {
      if (kind === "step2") this.change(withheld(this.ledger));
      return false;
    }
    if (kind === "update" && (!this.ledger.hasSentStep2 || this.ledger.refusal !== undefined)) return false;
    this.change(sent(this.ledger, { kind, clock, sentAt: this.timers.now() }, frames));
    return true;
  }

  received(frame: Frame): void {
    if (frame.kind === "step2") this.change(receivedStep2(this.ledger));
    else if (frame.kind === "ack") this.answered(frame.accepted);
  }

  announceRefusal(code: ErrorCode): void {
    this.announcedRefusal = code;
  }

  /** The store takes no writes for this reason, or takes them again. */
  storage(code: ErrorCode | undefined): void {
    this.storageCode = code;
    this.look();
  }

  standing(role: Role, isWritable: boolean): void {
    this.role = role;
    this.isWritable = isWritable;
    this.look();
  }

  socketOpening(): void {
    this.announcedRefusal = undefined;
    this.storageCode = undefined;
    this.change(reopened(this.ledger));
  }

  lost(): void {
    if (this.link === "open") this.setLink("lost");
  }

  closed(code: ErrorCode): void {
    this.closeCode = code;
    this.setLink("closed");
  }

  /** Ends the timers. */
  stop(): void {
    this.cancelLook();
    this.link = "closed";
  }

  private answered(accepted: boolean): void {
    if (accepted) {
      this.savedAt = this.timers.now();
      this.change(acked(this.ledger));
    } else {
      const code = this.announcedRefusal ?? "READ_ONLY";
      this.announcedRefusal = undefined;
      this.change(refused(this.ledger, code));
    }
  }

  private change(ledger: WriteLedger): void {
    const wasComplete = isHandshakeComplete(this.ledger);
    this.ledger = ledger;
    if (!wasComplete && isHandshakeComplete(ledger)) {
      this.setLink("open");
      this.onHandshake();
    }
    this.look();
    if (this.waiters.length > 0 && isSettled(ledger)) {
      for (const resolve of this.waiters.splice(0)) resolve();
    }
  }

  private setLink(link: SaveFacts["link"]): void {
    this.link = link;
    this.linkSince = this.timers.now();
    this.look();
  }

  private facts(): SaveFacts {
    return {
      link: this.link,
      linkSince: this.linkSince,
      isSettled: isSettled(this.ledger),
      unsettledSince: this.ledger.outstanding[0]?.sentAt,
      unsentEdits: editsNotAcked(this.ledger),
      savedAt: this.savedAt,
      isWritable: this.isWritable,
      role: this.role,
      trouble: this.closeCode ?? this.ledger.refusal ?? this.storageCode,
    };
  }

  private look(): void {
    this.cancelLook();
    const { shown, lookAgainInMs } = nextSaveState(this.shown, this.facts(), this.timers.now());
    this.shown = shown;
    this.label.set(shown.state);
    if (lookAgainInMs !== undefined) this.cancelLook = this.timers.after(lookAgainInMs, () => this.look());
  }
}
