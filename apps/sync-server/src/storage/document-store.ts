import type { Checkpoint, CheckpointStore } from "./checkpoint-store.ts";
import type { UpdateLog } from "./update-log.ts";

/** What the store itself knows of a document, besides its text. */
export interface DocumentMeta {
  documentId: string;
  /** Raised when the whole document is replaced; copies of another epoch are refused. */
  epoch: number;
  /** SCHEMA_VERSION the document was last written with. */
  schemaVersion: number;
  /** `raw`: any Yjs content, no Octavo editor, no guard of names. */
  kind: "document" | "raw";
  createdAt: number;
}

/** All that a room is made of. */
export interface DocumentContent {
  meta: DocumentMeta;
  /** The newest readable one; undefined for a document that never had one. */
  checkpoint: Checkpoint | undefined;
  /** What came after it (Yjs updates, V1), without a gap. */
  tail: Uint8Array[];
  /** Seq of the last of them. */
  head: number;
  /** Which actor owns which Yjs client id. */
  owners: Map<number, string>;
}

/** Everything that is document state, in one database. Implemented on LevelDB and in memory, one contract suite for both. */
export interface DocumentStore {
  readonly updates: UpdateLog;
  readonly checkpoints: CheckpointStore;
  /** Creates the document with its first content as seq 1, in one durable commit. @throws CONFLICT when it exists */
  create(
    meta: DocumentMeta,
    initial: { update: Uint8Array; actor: string; claims: readonly number[] },
  ): Promise<void>;
  /** Undefined where there is no such document. */
  meta(documentId: string): Promise<DocumentMeta | undefined>;
  /**
   * Reads a document in one go and opens its log for appending, as `head` does; waits for what is uncommitted of it.
   * Undefined where there is no such document. @throws DOCUMENT_DAMAGED
   */
  load(documentId: string): Promise<DocumentContent | undefined>;
  setMeta(documentId: string, change: Partial<Pick<DocumentMeta, "epoch" | "schemaVersion">>): Promise<void>;
  /** Removes every record of the document. Appends that wait are rejected with GONE. */
  delete(documentId: string): Promise<void>;
  /** Writes and fsyncs a probe record: what readiness means. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
