import { setTimeout as wait } from "node:timers/promises";
import type { LoadClient } from "./load-client.ts";

const RETRY_MS = 200;

/**
 * All at once; whoever is turned away comes back after a moment, as clients do. Resolves with the milliseconds until
 * the last one was synced, and how many attempts failed.
 */
export async function storm(
  clients: readonly LoadClient[],
  withinMs = 60_000,
): Promise<{ allMs: number; failed: number }> {
  const startedAt = performance.now();
  let failed = 0;
  const one = async (client: LoadClient): Promise<void> => {
    for (;;) {
      try {
        await client.join();
        return;
      } catch (cause) {
        failed++;
        client.drop();
        if (performance.now() - startedAt > withinMs) throw new Error("Not all could join", { cause });
        await wait(RETRY_MS * (0.5 + Math.random()));
      }
    }
  };
  await Promise.all(clients.map(one));
  return { allMs: performance.now() - startedAt, failed };
}
