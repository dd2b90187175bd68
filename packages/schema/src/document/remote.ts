import { Plugin, type Transaction } from "@tiptap/pm/state";

/** Meta that the Yjs binding sets on every editor transaction that comes out of the Y.Doc (a peer's, an undo). */
const FROM_YJS = "y-sync$";

/** True for an editor transaction that was not made by the person at this editor. */
export function isFromYjs(transaction: Transaction): boolean {
  return transaction.getMeta(FROM_YJS) !== undefined;
}

/**
 * The same plugin, but it appends nothing to what comes out of the Y.Doc: otherwise each reader's editor would
 * write its own correction of somebody else's edit, viewers included.
 */
export function appendOnlyToOwn(plugin: Plugin): Plugin {
  const append = plugin.spec.appendTransaction;
  if (!append) return plugin;
  return new Plugin({
    ...plugin.spec,
    appendTransaction(transactions, oldState, newState) {
      return transactions.some(isFromYjs) ? null : append.call(this, transactions, oldState, newState);
    },
  });
}
