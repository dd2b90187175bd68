import { AppError } from "@octavo/schema";
import { Level } from "level";
import { DurableNames } from "./durable-names.ts";
import { failureReason } from "./failure-reason.ts";
import type { KeyRange } from "./keys.ts";
import { probeDisk } from "./probe-disk.ts";

/** In Node, `Level` is classic-level's, which can do more than `Level` says. */
export type LevelDatabase = Level<Buffer, Uint8Array> & {
  compactRange(start: Buffer, end: Buffer): Promise<void>;
};

/** Makes an unopened database; tests give one whose operations fail. */
export type LevelFactory = (directory: string) => LevelDatabase;

export type Operation = { type: "put"; key: Buffer; value: Uint8Array } | { type: "del"; key: Buffer };

export type Entry = [key: Buffer, value: Uint8Array];

/** Log records compress well in tables; the write buffer is what one restart has to read again at most. */
const OPTIONS = {
  compression: true,
  writeBufferSize: 16 * 1024 * 1024,
  cacheSize: 64 * 1024 * 1024,
  maxFileSize: 8 * 1024 * 1024,
} as const;

const ITERATOR = { highWaterMarkBytes: 1024 * 1024 } as const;
/**
 * The first piece is small, since most documents have little behind their checkpoint: for each entry asked for, the
 * iterator reserves 64 bytes, found or not, and keeps them until it is collected as garbage.
 */
const FIRST_ENTRIES = 8;
const ENTRIES_AT_ONCE = 1_000;

export const defaultLevel: LevelFactory = directory =>
  new Level<Buffer, Uint8Array>(directory, {
    keyEncoding: "buffer",
    valueEncoding: "view",
  }) as LevelDatabase;

/** The one handle on the database, replaced by a new one after a failed write. */
export class Database {
  readonly #directory: string;
  readonly #level: LevelFactory;
  readonly #names: DurableNames;
  #handle: LevelDatabase | undefined;
  #isClosed = false;

  constructor(directory: string, level: LevelFactory = defaultLevel) {
    this.#directory = directory;
    this.#names = new DurableNames(directory);
    this.#level = level;
  }

  /** `isNew` only on the very first start: LevelDB would put an empty database in the place of a damaged one. */
  async open({ isNew }: { isNew: boolean }): Promise<void> {
    const handle = this.#level(this.#directory);
    try {
      await handle.open({ ...OPTIONS, createIfMissing: isNew });
    } catch (error) {
      // One that was opened halfway, or opens by itself later, would keep the lock from the next attempt.
      await handle.close();
      throw error;
    }
    this.#handle = handle;
  }

  /** All of the operations or none; on disk when resolved. */
  async write(operations: Operation[]): Promise<void> {
    await this.#open().batch(operations, { sync: true });
    await this.#names.sync();
  }

  /** Rewrites the range without what was deleted from it; false while there is no handle. */
  async compact({ gte, lt }: KeyRange): Promise<boolean> {
    const handle = this.#handle;
    if (handle?.status !== "open") return false;
    await handle.compactRange(gte, lt);
    return true;
  }

  /** The handle that failed is good for reading until the disk takes writes again. @throws the system's error */
  async reopen(): Promise<void> {
    await probeDisk(this.#directory);
    const before = this.#handle;
    this.#handle = undefined;
    // A handle that cannot even be closed keeps its lock, and opening then fails and is tried again.
    if (before) await before.close();
    await this.open({ isNew: false });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** @throws LOAD_FAILED, DOCUMENT_DAMAGED, SHUTTING_DOWN */
  async get(key: Buffer): Promise<Uint8Array | undefined> {
    try {
      return await this.#open().get(key);
    } catch (error) {
      throw this.#readError(error);
    }
  }

  /** Entries in key order, as they were when the iteration began. @throws LOAD_FAILED, DOCUMENT_DAMAGED, SHUTTING_DOWN */
  async *entries(
    range: KeyRange,
    options: { reverse?: boolean; limit?: number } = {},
  ): AsyncGenerator<Entry> {
    try {
      const iterator = this.#open().iterator({ ...range, ...options, ...ITERATOR });
      try {
        for (let count = FIRST_ENTRIES; ; count = Math.min(count * 8, ENTRIES_AT_ONCE)) {
          const entries = await iterator.nextv(count);
          if (entries.length === 0) return;
          yield* entries;
        }
      } finally {
        await iterator.close();
      }
    } catch (error) {
      throw this.#readError(error);
    }
  }

  /** Keys in order. @throws LOAD_FAILED, DOCUMENT_DAMAGED, SHUTTING_DOWN */
  async *keys(range: KeyRange): AsyncGenerator<Buffer> {
    try {
      yield* this.#open().keys(range);
    } catch (error) {
      throw this.#readError(error);
    }
  }

  #open(): LevelDatabase {
    if (this.#isClosed) throw new AppError("SHUTTING_DOWN");
    if (!this.#handle) throw new AppError("LOAD_FAILED", "The store is being reopened after a failure.");
    return this.#handle;
  }

  #readError(error: unknown): AppError {
    if (error instanceof AppError) return error;
    if (this.#isClosed) return new AppError("SHUTTING_DOWN", undefined, { cause: error });
    const isCorrupt = error instanceof Error && "code" in error && error.code === "LEVEL_CORRUPTION";
    if (isCorrupt) return new AppError("DOCUMENT_DAMAGED", undefined, { cause: error });
    return new AppError("LOAD_FAILED", failureReason(error), { cause: error });
  }
}
