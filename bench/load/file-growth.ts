import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const POLL_MS = 50;

/**
 * Bytes appended to the files of a directory: what a server wrote, without rounding to pages. Exact for files that
 * only grow under names that are used once, as LevelDB's do, and for SQLite's log until it begins anew (4 MB).
 */
export class FileGrowth {
  readonly #directory: string;
  readonly #atFirst: ReadonlyMap<string, number>;
  readonly #largest: Map<string, number>;
  #timer: NodeJS.Timeout | undefined;

  private constructor(directory: string, sizes: ReadonlyMap<string, number>) {
    this.#directory = directory;
    this.#atFirst = sizes;
    this.#largest = new Map(sizes);
  }

  static async begin(directory: string): Promise<FileGrowth> {
    const growth = new FileGrowth(directory, await sizesIn(directory));
    growth.#watch();
    return growth;
  }

  /** Since `begin`. */
  async end(): Promise<number> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#look();
    return this.bytes;
  }

  /** As far as it was noticed. */
  get bytes(): number {
    let bytes = 0;
    for (const [path, size] of this.#largest) bytes += size - (this.#atFirst.get(path) ?? 0);
    return bytes;
  }

  #watch(): void {
    this.#timer = setTimeout(async () => {
      await this.#look();
      if (this.#timer !== undefined) this.#watch();
    }, POLL_MS);
  }

  async #look(): Promise<void> {
    for (const [path, size] of await sizesIn(this.#directory)) {
      this.#largest.set(path, Math.max(size, this.#largest.get(path) ?? 0));
    }
  }
}

/** By path. SQLite's index of its log is memory that two processes share, not something that is written. */
async function sizesIn(directory: string): Promise<Map<string, number>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile() && !entry.name.endsWith("-shm"));
  const sizes = new Map<string, number>();
  for (const { parentPath, name } of files) {
    const path = join(parentPath, name);
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (found !== undefined) sizes.set(path, found.size);
  }
  return sizes;
}
