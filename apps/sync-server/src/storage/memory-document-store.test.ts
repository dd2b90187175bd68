import { documentStoreContract } from "./contract.ts";
import { openMemoryDocumentStore } from "./memory-document-store.ts";

documentStoreContract("memory", async () => {
  let isBroken = false;
  const failWhileBroken = async () => {
    if (!isBroken) return;
    // A turn of the event loop, as a disk would take, so that a store that fails for ever does not stop everything.
    await new Promise(resolve => setImmediate(resolve));
    throw new Error("No space left on device");
  };
  return {
    store: openMemoryDocumentStore({ beforeCommit: failWhileBroken, beforeReopen: failWhileBroken }),
    break: () => {
      isBroken = true;
    },
    heal: () => {
      isBroken = false;
    },
    dispose: async () => {},
  };
});
