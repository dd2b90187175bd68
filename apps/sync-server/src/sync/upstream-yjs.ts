/**
 * What we lean on of Yjs 13 beyond its documented surface, without Hocuspocus, for processes that need no rooms.
 * `upstream-assumptions.test.ts` pins each.
 *
 * - Yjs deletes superfluous formatting marks of its own accord after a remote transaction, unless the
 *   transaction's `_needFormattingCleanup` is reset in `afterTransaction`.
 * - A text's items are the chain from `_start` over `right`; what they show is `ContentString.str`.
 * - What cannot be integrated is kept in `store.pendingStructs` and `store.pendingDs`.
 * - A document that was loaded from its encoded state is encoded to the same bytes again.
 */
import type { Doc, Transaction } from "yjs";

/**
 * Stops Yjs from deleting superfluous formatting marks by itself: a room changes only by what its log says, and
 * clients clean up with updates of their own.
 */
export function keepFormatting(document: Doc): void {
  document.on("afterTransaction", (transaction: Transaction) => {
    transaction._needFormattingCleanup = false;
  });
}

/** True when Yjs keeps structs or deletions aside because something they depend on is missing. */
export function hasPending(document: Doc): boolean {
  return document.store.pendingStructs !== null || document.store.pendingDs !== null;
}

/** Structs of the document: what loading and encoding it takes its time for. */
export function structCount(document: Doc): number {
  let count = 0;
  for (const structs of document.store.clients.values()) count += structs.length;
  return count;
}
