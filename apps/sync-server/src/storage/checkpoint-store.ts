/** A document's full state up to a seq. */
export interface Checkpoint {
  /** Highest contiguously applied seq that the state contains. */
  seq: number;
  /** Yjs update, V2. */
  state: Uint8Array;
  at: number;
}

/** A checkpoint as it lies on disk: one zstd frame of the state. */
export interface CompressedCheckpoint {
  seq: number;
  compressed: Uint8Array;
  at: number;
}

/** Full states beside the log. The newest two are kept; log records up to the older one are archived and trimmed. */
export interface CheckpointStore {
  /** The newest readable checkpoint; undefined for a document that never had one. @throws DOCUMENT_DAMAGED when none that should be there is readable */
  newest(documentId: string): Promise<Checkpoint | undefined>;
  /** The same without unpacking it. */
  newestCompressed(documentId: string): Promise<CompressedCheckpoint | undefined>;
  /** Durable when resolved; only then is the log trimmed up to the previous checkpoint. */
  write(documentId: string, checkpoint: Checkpoint | CompressedCheckpoint): Promise<void>;
}
