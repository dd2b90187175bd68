import type { ErrorCode } from "@octavo/schema";
import type { ServerMessage } from "@octavo/schema/protocol";
import type { Doc } from "yjs";
import type { Clock } from "../clock.ts";
import { type AppliedUpdate, Broadcaster, type Recipient } from "./broadcast.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { readUpdate } from "./guard.ts";
import { JoinCache } from "./join-cache.ts";
import type { Presence } from "./presence.ts";
import type { Room } from "./room.ts";
import { Scratch } from "./scratch.ts";

/** A connection as its room sees it. */
export interface RoomMember extends Recipient {
  readonly schema: number | undefined;
  send(message: ServerMessage): void;
  /** A frame of presence. Who does not read gets none, and `Presence.frameOfAll` after having read. */
  sendPresence(frame: Uint8Array): void;
  close(code: ErrorCode): void;
}

/** At most one call of the text listeners per second and document. */
const TEXT_MS = 1000;

/** A loaded room with everything that lives as long as it does. */
export class OpenRoom {
  readonly room: Room;
  readonly presence: Presence;
  readonly checkpoints: Checkpoints;
  readonly joins: JoinCache;
  readonly #members = new Set<RoomMember>();
  readonly #broadcaster: Broadcaster;
  readonly #scratch: Scratch;
  readonly #onText: (documentId: string) => void;
  #textTimer: NodeJS.Timeout | undefined;

  constructor(
    room: Room,
    parts: {
      presence: Presence;
      checkpoints: Checkpoints;
      clock: Clock;
      onText: (documentId: string) => void;
      onError: (error: unknown) => void;
    },
  ) {
    const { clock, onError } = parts;
    this.room = room;
    this.#scratch = new Scratch(room);
    room.followers.add(this.#scratch);
    this.#broadcaster = new Broadcaster(room.document, { members: this.#members, clock, onError });
    this.presence = parts.presence;
    this.checkpoints = parts.checkpoints;
    this.joins = new JoinCache(room.document, room.documentId);
    this.#onText = parts.onText;
  }

  get members(): ReadonlySet<RoomMember> {
    return this.#members;
  }

  joined(member: RoomMember): void {
    this.#members.add(member);
  }

  left(member: RoomMember): void {
    this.#members.delete(member);
  }

  announce(message: ServerMessage): void {
    for (const member of this.#members) member.send(message);
  }

  closeAll(code: ErrorCode): void {
    for (const member of [...this.#members]) member.close(code);
  }

  /** After updates were applied, in the order of the log. */
  applied(updates: readonly AppliedUpdate[]): void {
    this.#broadcaster.add(updates);
    for (const { update } of updates) this.checkpoints.applied(update.length);
    this.#textTimer ??= setTimeout(() => this.flushText(), TEXT_MS).unref();
  }

  /** Tells the text listeners now what they would hear within the second. */
  flushText(): void {
    if (this.#textTimer === undefined) return;
    clearTimeout(this.#textTimer);
    this.#textTimer = undefined;
    this.#onText(this.room.documentId);
  }

  stop(): void {
    this.joins.drop();
    this.presence.stop();
    this.checkpoints.stop();
    this.#broadcaster.stop();
    this.#scratch.drop();
    clearTimeout(this.#textTimer);
    this.#textTimer = undefined;
  }

  /**
   * A write of the server: made on a scratch copy that has everything admitted, appended, then applied like any
   * other. Resolves when it is on disk. @throws APPEND_FAILED, GONE, SHUTTING_DOWN, what `change` throws
   */
  async write(actor: string, change: (document: Doc) => void): Promise<void> {
    const update = this.#scratch.update(actor, change);
    if (update === undefined) return;
    const reading = readUpdate(update, undefined);
    if (!reading.ok) throw new TypeError(`the server's own update: ${reading.reason}`);
    const { sketch } = reading;
    const claims = sketch.clients.map(({ client }) => client);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    try {
      this.room.append({ update, sketch, claims, actor }, undefined, resolve, reject);
    } catch (error) {
      this.#scratch.drop();
      throw error;
    }
    await promise;
  }
}
