import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { AppError, LIMITS } from "@octavo/schema";
import { type Clock, systemClock } from "../clock.ts";
import { AppendQueue } from "./append-queue.ts";
import type { Checkpoint, CheckpointStore, CompressedCheckpoint } from "./checkpoint-store.ts";
import type { DocumentContent, DocumentMeta, DocumentStore } from "./document-store.ts";
import { GroupCommit } from "./group-commit.ts";
import type { Append, Appended, LogRecord, StoreState, UpdateLog } from "./update-log.ts";

export interface MemoryDocumentStoreOptions {
  clock?: Clock;
  /** Runs before each commit; a rejection makes the store fail as a disk would. */
  beforeCommit?: () => Promise<void>;
  /** Runs at each attempt to recover from a failure; a rejection means that it still fails. */
  beforeReopen?: () => Promise<void>;
}

interface StoredDocument {
  meta: DocumentMeta;
  records: LogRecord[];
  owners: Map<number, string>;
  checkpoints: Checkpoint[];
}

type Operation = () => void;

/** A document store without a disk, for tests: same contract, "durable" means committed to its maps. */
export function openMemoryDocumentStore(options: MemoryDocumentStoreOptions = {}): DocumentStore {
  return new MemoryDocumentStore(options);
}

class MemoryDocumentStore implements DocumentStore, UpdateLog, CheckpointStore {
  readonly #clock: Clock;
  readonly #stored = new Map<string, StoredDocument>();
  readonly #commit: GroupCommit<Operation>;
  readonly #queue: AppendQueue<StoredDocument, Operation>;

  constructor({ clock = systemClock, beforeCommit, beforeReopen }: MemoryDocumentStoreOptions) {
    this.#clock = clock;
    this.#commit = new GroupCommit<Operation>(
      {
        async write(operations) {
          await beforeCommit?.();
          for (const operation of operations) operation();
        },
        reopen: async () => beforeReopen?.(),
        reasonOf: error => (error instanceof Error ? error.message : String(error)),
      },
      { maxWaitingBytes: LIMITS.pendingAppendBytes },
    );
    this.#queue = new AppendQueue(this.#commit, async documentId => {
      const loaded = this.#find(documentId);
      return { loaded, seq: loaded.records.length };
    });
  }

  get updates(): UpdateLog {
    return this;
  }

  get checkpoints(): CheckpointStore {
    return this;
  }

  get state(): StoreState {
    return this.#commit.state;
  }

  async create(
    meta: DocumentMeta,
    initial: { update: Uint8Array; actor: string; claims: readonly number[] },
  ): Promise<void> {
    const conflict = () => this.#stored.has(meta.documentId);
    this.#commit.admit(initial.update.byteLength, false);
    if (conflict()) throw new AppError("CONFLICT");
    let lost = false;
    await this.#commit.write(
      [
        () => {
          lost = conflict();
          if (lost) return;
          const stored: StoredDocument = {
            meta: { ...meta },
            records: [],
            owners: new Map(),
            checkpoints: [],
          };
          this.#stored.set(meta.documentId, stored);
          this.#store(stored, 1, this.#clock.now(), initial);
        },
      ],
      initial.update.byteLength,
    );
    if (lost) throw new AppError("CONFLICT");
  }

  async meta(documentId: string): Promise<DocumentMeta | undefined> {
    this.#mustBeOpen();
    const stored = this.#stored.get(documentId);
    return stored && { ...stored.meta };
  }

  async load(documentId: string): Promise<DocumentContent | undefined> {
    const meta = await this.meta(documentId);
    if (meta === undefined) return undefined;
    await this.#queue.settled(documentId);
    const head = await this.head(documentId);
    const checkpoint = await this.newest(documentId);
    const { records, owners } = this.#find(documentId);
    const tail = records.slice(checkpoint?.seq ?? 0).map(({ update }) => update);
    return { meta, checkpoint, tail, head, owners: new Map(owners) };
  }

  async setMeta(
    documentId: string,
    change: Partial<Pick<DocumentMeta, "epoch" | "schemaVersion">>,
  ): Promise<void> {
    const stored = this.#find(documentId);
    await this.#commit.write([() => Object.assign(stored.meta, change)], 0);
  }

  async delete(documentId: string): Promise<void> {
    this.#mustBeOpen();
    this.#commit.admit(0, false);
    this.#queue.discard(documentId);
    await this.#commit.write([() => this.#stored.delete(documentId)], 0);
  }

  async probe(): Promise<void> {
    await this.#commit.write([], 0);
  }

  close(): Promise<void> {
    return this.#commit.close();
  }

  append(documentId: string, append: Append): Appended {
    const at = this.#clock.now();
    return this.#queue.append(documentId, append.update.byteLength, (stored, seq) => [
      () => this.#store(stored, seq, at, append),
    ]);
  }

  async head(documentId: string): Promise<number> {
    this.#mustBeOpen();
    return (await this.#queue.open(documentId)).seq;
  }

  async *read(documentId: string, afterSeq: number): AsyncIterable<LogRecord> {
    for (const record of this.#find(documentId).records.slice(afterSeq)) yield { ...record };
  }

  async owners(documentId: string): Promise<Map<number, string>> {
    await this.#queue.settled(documentId);
    return new Map(this.#find(documentId).owners);
  }

  async transferOwner(documentId: string, from: string, to: string): Promise<void> {
    const { loaded } = await this.#queue.open(documentId);
    const transfer = () => {
      for (const [yjsClientId, owner] of loaded.owners)
        if (owner === from) loaded.owners.set(yjsClientId, to);
    };
    await this.#queue.commit(documentId, [transfer]);
  }

  hasUncommitted(documentId: string): boolean {
    return this.#queue.hasUncommitted(documentId);
  }

  release(documentId: string): void {
    this.#queue.release(documentId);
  }

  onState(listener: (state: StoreState) => void): () => void {
    return this.#commit.onState(listener);
  }

  drain(deadlineMs: number): Promise<void> {
    return this.#queue.drain(deadlineMs);
  }

  async newest(documentId: string): Promise<Checkpoint | undefined> {
    const checkpoint = this.#find(documentId).checkpoints[0];
    return checkpoint && { ...checkpoint };
  }

  async newestCompressed(documentId: string): Promise<CompressedCheckpoint | undefined> {
    const checkpoint = await this.newest(documentId);
    return checkpoint && { ...checkpoint, compressed: zstdCompressSync(checkpoint.state) };
  }

  async write(documentId: string, checkpoint: Checkpoint | CompressedCheckpoint): Promise<void> {
    const { seq, at } = checkpoint;
    const state =
      "state" in checkpoint ? checkpoint.state.slice() : zstdDecompressSync(checkpoint.compressed);
    const stored = this.#find(documentId);
    const newest = stored.checkpoints[0];
    if (newest?.seq === seq) return;
    if (seq > stored.records.length || (newest && seq < newest.seq)) {
      throw new TypeError("a checkpoint must lie between the newest one and the end of the log");
    }
    const keep = () => {
      stored.checkpoints = [{ seq, at, state }, ...stored.checkpoints.slice(0, 1)];
    };
    await this.#commit.write([keep], state.byteLength);
  }

  #store(stored: StoredDocument, seq: number, at: number, { update, actor, claims }: Append): void {
    stored.records[seq - 1] = { seq, at, actor, update: update.slice() };
    for (const yjsClientId of claims) stored.owners.set(yjsClientId, actor);
  }

  #find(documentId: string): StoredDocument {
    this.#mustBeOpen();
    const stored = this.#stored.get(documentId);
    if (!stored) throw new AppError("NOT_FOUND");
    return stored;
  }

  #mustBeOpen(): void {
    if (this.#commit.isClosed) throw new AppError("SHUTTING_DOWN");
  }
}
