import { applyUpdate, applyUpdateV2, Doc, encodeStateAsUpdateV2, mergeUpdates } from "yjs";
import type { Room } from "./room.ts";
import { keepFormatting } from "./upstream-yjs.ts";

/** Time after a write for which the copy is kept: somebody who writes through the API mostly goes on. */
const KEPT_MS = 5_000;
/** Bytes of others' updates that the copy may be behind; beyond, a new one costs less. */
const MAX_BEHIND_BYTES = 1024 * 1024;

/**
 * A copy of a room's document with everything admitted, committed or not, on which the server's own changes are made
 * first: a room changes only by what its log says. Made at the first write, kept in step for as long as writes go
 * on, and then let go: no more than one copy, and none of a document that only people write to.
 */
export class Scratch {
  readonly #room: Room;
  #copy: Doc | undefined;
  /** Admitted since, and not in the copy yet. */
  #behind: Uint8Array[] = [];
  #behindBytes = 0;
  /** The copy's own last update comes back as an admitted one. */
  #own: Uint8Array | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(room: Room) {
    this.#room = room;
  }

  /** What `change` changes, as one update (V1) of the server's Yjs client for this actor; undefined for nothing. @throws what `change` throws */
  update(actor: string, change: (document: Doc) => void): Uint8Array | undefined {
    const copy = this.#inStep();
    copy.clientID = this.#room.serverClientFor(actor, () => new Doc().clientID);
    const updates: Uint8Array[] = [];
    const collect = (update: Uint8Array) => updates.push(update);
    copy.on("update", collect);
    try {
      copy.transact(() => change(copy));
    } catch (error) {
      // Half of the change may be in it.
      this.drop();
      throw error;
    } finally {
      copy.off("update", collect);
    }
    this.#own = updates.length > 1 ? mergeUpdates(updates) : updates[0];
    return this.#own;
  }

  /** An update was admitted to the room. */
  admitted(update: Uint8Array): void {
    if (this.#copy === undefined || update === this.#own) return;
    this.#behind.push(update);
    this.#behindBytes += update.length;
    if (this.#behindBytes > MAX_BEHIND_BYTES) this.drop();
  }

  /** Lets the copy go: it has something that the room has not, or nobody writes any more. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#copy?.destroy();
    this.#copy = undefined;
    this.#own = undefined;
    this.#behind = [];
    this.#behindBytes = 0;
  }

  #inStep(): Doc {
    this.#copy ??= this.#make();
    const copy = this.#copy;
    const behind = this.#behind;
    this.#behind = [];
    this.#behindBytes = 0;
    copy.transact(() => {
      for (const update of behind) applyUpdate(copy, update);
    });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.drop(), KEPT_MS).unref();
    return copy;
  }

  #make(): Doc {
    const copy = new Doc();
    keepFormatting(copy);
    copy.transact(() => {
      applyUpdateV2(copy, encodeStateAsUpdateV2(this.#room.document));
      for (const update of this.#room.admittedUpdates()) applyUpdate(copy, update);
    });
    return copy;
  }
}
