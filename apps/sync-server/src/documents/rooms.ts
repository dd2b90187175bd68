import type { ErrorCode } from "@octavo/schema";
import type { LooseNode } from "@octavo/schema/document";
import type { Handshake, ServerMessage } from "@octavo/schema/protocol";
import type { Doc } from "yjs";
import type { AccessChange } from "../access/access.ts";
import type { DocumentMeta } from "../storage/document-store.ts";

/** A document for somebody who opens it; nothing of it was looked at that did not have to be. */
export interface OpeningState {
  meta: DocumentMeta;
  /** Of the last update that is in it. */
  seq: number;
  /** Yjs update, V2; as it is stored, zstd of it. Undefined for a document that never had a checkpoint. */
  checkpoint: { bytes: Uint8Array; isCompressed: boolean } | undefined;
  /** What came after it (Yjs updates, V1). */
  updates: Uint8Array[];
}

/** The first pages of a document's body, as loose as they were written. */
export interface Beginning {
  body: LooseNode;
  /** False where more follows. */
  isWhole: boolean;
}

/** What the verbs of this floor need of the live rooms; implemented in `sync/`, introduced by `server.ts`. */
export interface Rooms {
  /** The document's present state (Yjs update, V1) and the seq it contains, from its room or from the store. @throws NOT_FOUND, LOAD_FAILED, DOCUMENT_DAMAGED */
  readState(documentId: string): Promise<{ update: Uint8Array; seq: number }>;
  /** The document's first pages as they are now; costs the same for one of any size that is loaded. @throws as `readState` */
  readBeginning(documentId: string): Promise<Beginning>;
  /**
   * Gives `use` the document for somebody who opens it, without loading its room; everything in it is on disk, and it
   * may be a second old. A room that is to be loaded meanwhile waits a little for what `use` makes.
   * @throws NOT_FOUND, EPOCH_MISMATCH, CLIENT_TOO_OLD, LOAD_FAILED, DOCUMENT_DAMAGED, TOO_MANY_REQUESTS
   */
  readOpening<T>(
    documentId: string,
    handshake: Handshake,
    use: (opening: OpeningState) => Promise<T>,
  ): Promise<T>;
  /**
   * A write of the server itself: `change` runs on a scratch copy, its update is appended, then applied and broadcast.
   * Resolves when it is on disk.
   */
  write(documentId: string, actor: string, change: (document: Doc) => void): Promise<void>;
  /** Asks access again for the open connections concerned: told, silenced or closed before this resolves. */
  recheck(change: AccessChange): Promise<void>;
  /** Closes every connection of a document with that code and forgets the room. */
  close(documentId: string, code: ErrorCode): Promise<void>;
  /** After the store did the same: what one actor wrote belongs to another from now on. */
  transferOwner(documentId: string, from: string, to: string): void;
  /** Sends a message to everybody in the room, if it is loaded. */
  announce(documentId: string, message: ServerMessage): void;
  /** Called (debounced, at most once per second and document) after text changed: for title, snippet, search text. */
  onText(listener: (documentId: string) => void): () => void;
}
