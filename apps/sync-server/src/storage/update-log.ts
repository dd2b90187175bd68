/** One update as it stands in a document's log. */
export interface LogRecord {
  /** Position in the document's log: 1, 2, 3 … without gaps. */
  seq: number;
  /** Wall time of the append, milliseconds since 1970. */
  at: number;
  /** Who wrote it: `user:{id}`, `guest:{id}`, `token:{sub}` or `server`. */
  actor: string;
  /** Yjs update, V1. */
  update: Uint8Array;
}

export interface Append {
  update: Uint8Array;
  actor: string;
  /** Yjs client ids that this update shows for the first time in the document: they belong to `actor` from now on. */
  claims: readonly number[];
}

/** The sequence number is taken at once; the record is durable, and may be shown to anybody, when `committed` resolves. */
export interface Appended {
  seq: number;
  /**
   * Resolves in order of `seq` within a document. Stays pending while the store fails and is reopened; the record
   * is appended again then.
   * @throws GONE the document was deleted meanwhile
   * @throws SHUTTING_DOWN the log was closed before the record was on disk
   */
  committed: Promise<void>;
}

/** What the store thinks of itself. */
export type StoreState = { writable: true } | { writable: false; reason: string };

/**
 * The write-ahead log of all documents. One group commit with fsync is in flight at a time; everything appended
 * meanwhile, of all documents, forms the next.
 */
export interface UpdateLog {
  /**
   * The document must have been opened with `head` before.
   * @throws APPEND_FAILED synchronously, when `LIMITS.pendingAppendBytes` already wait for a store that does not take them
   */
  append(documentId: string, append: Append): Appended;
  /** Highest seq of the document, 0 for an empty one. Recovers the counter on first use. @throws NOT_FOUND */
  head(documentId: string): Promise<number>;
  /** Records after `afterSeq` in order. @throws DOCUMENT_DAMAGED on a gap or a wrong checksum */
  read(documentId: string, afterSeq: number): AsyncIterable<LogRecord>;
  /** Which actor owns which Yjs client id in the document; waits for what is uncommitted of it. */
  owners(documentId: string): Promise<Map<number, string>>;
  /** Gives every id of one actor to another: a guest who signs in. Durable when resolved. */
  transferOwner(documentId: string, from: string, to: string): Promise<void>;
  /** True while a record of the document is not yet on disk. */
  hasUncommitted(documentId: string): boolean;
  /** Forgets the counter of a document whose room is unloaded; nothing may be uncommitted. */
  release(documentId: string): void;
  readonly state: StoreState;
  /** Called at each change of `state`; returns the function that ends it. */
  onState(listener: (state: StoreState) => void): () => void;
  /** Resolves when nothing is uncommitted, or rejects with APPEND_FAILED after `deadlineMs`. */
  drain(deadlineMs: number): Promise<void>;
}
