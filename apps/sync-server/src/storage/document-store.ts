import type { CheckpointStore } from "./checkpoint-store.ts";
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
  setMeta(documentId: string, change: Partial<Pick<DocumentMeta, "epoch" | "schemaVersion">>): Promise<void>;
  /** Removes every record of the document. Appends that wait are rejected with GONE. */
  delete(documentId: string): Promise<void>;
  /** Writes and fsyncs a probe record: what readiness means. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
