import { AppError, type ErrorCode, LIMITS } from "@octavo/schema";
import { judge, type Verdict } from "./admit.ts";
import type { Recipient } from "./broadcast.ts";
import type { StructId } from "./guard.ts";
import type { Room } from "./room.ts";
import type { Turns, Worker } from "./turns.ts";

/** What a connection's writes do to the outside. */
export interface WriteEvents {
  /** A frame's content is on disk. */
  acked(arrivedAt: number): void;
  /** A frame was refused; nothing of it was appended. */
  refused(code: ErrorCode, reason: string): void;
  /** The other side is asked for what the room lacks. */
  missing(): void;
  close(code: ErrorCode): void;
}

/** A frame that waits for structs nobody sent yet. */
interface Held {
  update: Uint8Array;
  arrivedAt: number;
  missing: StructId;
}

/** The write frames of one connection: admitted in order, each answered once (docs/spec.md, A and H rules). */
export class Writes implements Worker {
  readonly #room: Room;
  readonly #origin: Recipient;
  readonly #actor: string;
  readonly #turns: Turns;
  readonly #events: WriteEvents;
  readonly #held: Held[] = [];
  #heldTimer: NodeJS.Timeout | undefined;
  #isWritable: boolean;
  /** After a refusal nothing is taken before the connection says again what it has: the rest builds on it. */
  #isRefusing = false;
  #hasSyncedOnce = false;
  #hasAskedForMissing = false;
  #isClosed = false;
  /** Frames appended and not yet applied. */
  outstandingFrames = 0;
  outstandingBytes = 0;

  constructor(
    room: Room,
    origin: Recipient,
    surroundings: { actor: string; isWritable: boolean; turns: Turns; events: WriteEvents },
  ) {
    this.#room = room;
    this.#origin = origin;
    this.#actor = surroundings.actor;
    this.#isWritable = surroundings.isWritable;
    this.#turns = surroundings.turns;
    this.#events = surroundings.events;
  }

  /** Takes the content of a sync step 2 or of an update. */
  receive(kind: "step2" | "update", update: Uint8Array, arrivedAt: number): void {
    if (kind === "step2") {
      this.#hasSyncedOnce = true;
      this.#isRefusing = false;
    } else if (this.#isRefusing) return;
    this.#settle(update, arrivedAt, judge(this.#room, update, this.#actor));
    this.#askForMissing();
  }

  /** Takes effect with the next frame. What is held is refused when the right to write goes. */
  setWritable(isWritable: boolean): void {
    this.#isWritable = isWritable;
    if (!isWritable && this.#held.length > 0) {
      this.#dropHeld();
      this.#refuse("READ_ONLY", "the right to write ended");
    }
  }

  /** The room admitted something: looks at what is held in the next turn. */
  retryHeld(): void {
    if (this.#held.some(held => this.#isThere(held.missing))) this.#turns.schedule(this);
  }

  work(): boolean {
    for (const held of this.#held.splice(0)) {
      if (this.#isClosed || this.#isRefusing) break;
      if (this.#isThere(held.missing)) {
        this.#settle(held.update, held.arrivedAt, judge(this.#room, held.update, this.#actor));
      } else this.#held.push(held);
    }
    if (this.#held.length === 0) this.#dropHeld();
    return false;
  }

  close(): void {
    this.#isClosed = true;
    this.#dropHeld();
  }

  #settle(update: Uint8Array, arrivedAt: number, verdict: Verdict): void {
    if (verdict.kind === "refuse") this.#refuse(verdict.code, verdict.reason);
    // What it brings may be admitted and not on disk yet.
    else if (verdict.kind === "nothing-new") this.#room.whenApplied(() => this.#ack(arrivedAt));
    else if (!this.#isWritable) this.#refuse("READ_ONLY", "no right to write");
    else if (verdict.kind === "append") this.#append(verdict, arrivedAt);
    else this.#hold({ update, arrivedAt, missing: verdict.missing });
  }

  #append(verdict: Verdict & { kind: "append" }, arrivedAt: number): void {
    const bytes = verdict.update.length;
    try {
      this.#room.append({ ...verdict, actor: this.#actor }, this.#origin, () => {
        this.outstandingFrames--;
        this.outstandingBytes -= bytes;
        this.#ack(arrivedAt);
      });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#events.close(error.code);
      return;
    }
    this.outstandingFrames++;
    this.outstandingBytes += bytes;
  }

  #ack(arrivedAt: number): void {
    if (!this.#isClosed) this.#events.acked(arrivedAt);
  }

  #refuse(code: ErrorCode, reason: string): void {
    this.#isRefusing = true;
    this.#dropHeld();
    // Answers have no number: one that came before those of earlier frames would be taken for theirs.
    this.#room.whenApplied(() => {
      if (!this.#isClosed) this.#events.refused(code, reason);
    });
  }

  #hold(held: Held): void {
    this.#held.push(held);
    this.#room.holding.add(this);
    const bytes = this.#held.reduce((sum, { update }) => sum + update.length, 0);
    if (bytes > LIMITS.heldBytes || this.#held.length > LIMITS.inboundQueueFrames) {
      this.#events.close("HELD_TOO_LONG");
      return;
    }
    this.#heldTimer ??= setTimeout(() => this.#events.close("HELD_TOO_LONG"), LIMITS.heldMs).unref();
  }

  /** Once this connection has said what it has, what is still missing has to be asked for. */
  #askForMissing(): void {
    if (this.#held.length === 0 || !this.#hasSyncedOnce || this.#hasAskedForMissing || this.#isClosed) return;
    this.#hasAskedForMissing = true;
    this.#events.missing();
  }

  #isThere(id: StructId): boolean {
    return this.#room.clockOf(id.client) > id.clock;
  }

  #dropHeld(): void {
    this.#held.length = 0;
    this.#room.holding.delete(this);
    this.#hasAskedForMissing = false;
    clearTimeout(this.#heldTimer);
    this.#heldTimer = undefined;
  }
}
