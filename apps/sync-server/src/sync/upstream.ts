/**
 * Every part of Hocuspocus 4.7 and Yjs 13 that we lean on beyond their documented surface, in one place.
 * `upstream-assumptions.test.ts` pins each; a version is raised only with that test green.
 *
 * - `Hocuspocus`: `createDocument`, `loadDocument`, `storeDocumentHooks`, `shouldUnloadDocument`, `unloadDocument`
 *   and `hooks` are looked up on `this` and may be overridden (engine.ts).
 * - `unloadDocument` deletes from `documents`, destroys, and calls `afterUnloadDocument` in one turn.
 * - `Document` broadcasts in the one listener of `update` that its constructor adds; Yjs encodes a transaction's
 *   update only while that event has a listener.
 * - `Document` makes an `Awareness` with an interval of 3 s, which is all that listens to the document's `destroy`;
 *   `Hocuspocus` calls `on` of what `awareness` holds, once it has loaded.
 * - A document's `callbacks` are called by its listener for updates, and by what we do not call.
 */

import { type Document, MessageType, OutgoingMessage } from "@hocuspocus/server";
import type { ErrorCode } from "@octavo/schema";
import { type ServerMessage, writeServerMessage } from "@octavo/schema/protocol";
import { createEncoder, length, toUint8Array, writeVarString, writeVarUint } from "lib0/encoding";
import { applyUpdate, type Doc, encodeStateAsUpdate, encodeStateVector } from "yjs";

export {
  type Document as HocuspocusDocument,
  Hocuspocus,
  type HookName,
  type HookPayloadByName,
  MessageType,
} from "@hocuspocus/server";

export { hasPending, keepFormatting } from "./upstream-yjs.ts";

/** Second byte of a sync frame (y-protocols/sync). */
export const SyncType = { step1: 0, step2: 1, update: 2 } as const;

/** Applies committed updates to a room, in one transaction. The only write to a live document. */
export function applyToRoom(document: Doc, updates: readonly Uint8Array[]): void {
  if (updates.length === 1) applyUpdate(document, updates[0]!);
  else document.transact(() => updates.forEach(update => void applyUpdate(document, update)));
}

/**
 * Takes Hocuspocus' listener for updates off: it broadcasts what Yjs encodes of each transaction. Without any
 * listener Yjs encodes nothing.
 */
export function takeOverBroadcast(document: Document): void {
  document._observers.delete("update");
}

export function ackFrame(address: string, saved: boolean): Uint8Array {
  return new OutgoingMessage(address).writeSyncStatus(saved).toUint8Array();
}

export function serverMessageFrame(address: string, message: ServerMessage): Uint8Array {
  return new OutgoingMessage(address).writeStateless(writeServerMessage(message)).toUint8Array();
}

/** What Hocuspocus would call when a document changes: nothing, one for all. */
const NO_CALLBACKS: Document["callbacks"] = {
  onUpdate: () => {},
  beforeBroadcastStateless: () => {},
  beforeHandleAwareness: () => Promise.resolve(),
};

/** Lets go of what a document's callbacks keep of its loading, 2 kB: nothing calls them. */
export function forgetLoading(document: Document): void {
  document.callbacks = NO_CALLBACKS;
}

/** Tells a client that it is let in, and whether it may write. */
export function authenticatedFrame(address: string, isWritable: boolean): Uint8Array {
  return new OutgoingMessage(address).writeAuthenticated(!isWritable).toUint8Array();
}

export function deniedFrame(address: string, code: ErrorCode): Uint8Array {
  return new OutgoingMessage(address).writePermissionDenied(code).toUint8Array();
}

export function updateFrame(address: string, update: Uint8Array): Uint8Array {
  return syncFrame(address, SyncType.update, update);
}

/** Everything that the document has beyond a state vector, as one update. */
export function missedFrame(address: string, document: Doc, since: Uint8Array): Uint8Array {
  return updateFrame(address, encodeStateAsUpdate(document, since));
}

/** Asks the other side for everything the document lacks. */
export function syncStepOneFrame(address: string, document: Document): Uint8Array {
  return firstStepFrame(address, encodeStateVector(document));
}

/** Sync step 1 with this state vector. */
export function firstStepFrame(address: string, vector: Uint8Array): Uint8Array {
  return syncFrame(address, SyncType.step1, vector);
}

/** Sync step 2 with this Yjs update (V1). */
export function secondStepFrame(address: string, update: Uint8Array): Uint8Array {
  return syncFrame(address, SyncType.step2, update);
}

/** Allocated once in its right size: the content may be a whole document. */
function syncFrame(address: string, step: number, content: Uint8Array): Uint8Array {
  const encoder = createEncoder();
  writeVarString(encoder, address);
  writeVarUint(encoder, MessageType.Sync);
  writeVarUint(encoder, step);
  writeVarUint(encoder, content.length);
  const headBytes = length(encoder);
  const frame = new Uint8Array(headBytes + content.length);
  frame.set(toUint8Array(encoder));
  frame.set(content, headBytes);
  return frame;
}

/** An awareness frame with so many clients' states, encoded one after the other in these pieces. */
export function awarenessFrame(address: string, states: number, pieces: readonly Uint8Array[]): Uint8Array {
  const count = createEncoder();
  writeVarUint(count, states);
  const countBytes = toUint8Array(count);
  const update = pieces.reduce((sum, piece) => sum + piece.length, countBytes.length);
  const encoder = createEncoder();
  writeVarString(encoder, address);
  writeVarUint(encoder, MessageType.Awareness);
  writeVarUint(encoder, update);
  const head = toUint8Array(encoder);
  const frame = new Uint8Array(head.length + update);
  let at = 0;
  for (const piece of [head, countBytes, ...pieces]) {
    frame.set(piece, at);
    at += piece.length;
  }
  return frame;
}

/** An awareness with nobody in it that nobody listens to; one for all documents. */
const NOBODY = {
  getStates: () => new Map(),
  on: () => {},
} as unknown as Document["awareness"];

/**
 * Takes a document's awareness away: presence has a path of its own (presence.ts), and for 5,000 documents there
 * would be 1,700 calls of timers a second.
 */
export function takeOverAwareness(document: Document): void {
  document._observers.delete("destroy");
  document.awareness._observers.clear();
  document.awareness.destroy();
  document.awareness = NOBODY;
}

export function tokenRequestFrame(address: string): Uint8Array {
  return new OutgoingMessage(address).writeTokenSyncRequest().toUint8Array();
}

/** The client's Auth frame carries its token after this type and the subtype. */
export const AUTH_TOKEN = 0;
