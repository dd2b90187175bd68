import { statSync } from "node:fs";
import { open } from "node:fs/promises";

/** Two changes of a directory closer than this may carry the same time: a tick of the kernel is at most 10 ms. */
const SAME_TIME_MS = 20;

/**
 * Makes the names in the database's directory durable. LevelDB 1.20 syncs its log's bytes, and the directory only
 * with a manifest: after it began another log file, what it says is on disk is in a file whose name may not be.
 */
export class DurableNames {
  readonly #directory: string;
  #changedAt: bigint | undefined;
  #seenAt = 0;
  #isSettled = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Resolves when every name that is there now is on disk: nearly always at once. @throws the system's error */
  async sync(): Promise<void> {
    // Windows cannot sync a directory, and keeps its names durable by itself.
    if (process.platform === "win32") return;
    // Two microseconds where a thread would take thirty, at every commit: what is asked is in the kernel's memory.
    const { mtimeNs } = statSync(this.#directory, { bigint: true });
    const now = performance.now();
    if (mtimeNs !== this.#changedAt) {
      this.#changedAt = mtimeNs;
      this.#seenAt = now;
      this.#isSettled = false;
    }
    if (this.#isSettled) return;
    const handle = await open(this.#directory, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    this.#isSettled = now - this.#seenAt >= SAME_TIME_MS;
  }
}
