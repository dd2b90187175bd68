import { AppError } from "@octavo/schema";
import { applyUpdate, applyUpdateV2, type Doc } from "yjs";
import type { DocumentMeta, DocumentStore } from "../storage/document-store.ts";
import { keepFormatting } from "./upstream.ts";

/** What the store had of a document; its content is in the Doc that was filled. */
export interface Loaded {
  meta: DocumentMeta;
  owners: Map<number, string>;
  /** Highest seq in the Doc: everything up to it was applied. */
  seq: number;
  checkpoint: { seq: number; bytes: number };
  /** Records after the checkpoint. */
  tail: { updates: number; bytes: number };
}

/** A larger document takes more than a few milliseconds. */
const LARGE_BYTES = 64 * 1024;

/**
 * Fills `into` with the newest checkpoint and the log after it, in one transaction: `Y.mergeUpdates` over a log
 * takes quadratic time (yjs/yjs#710). Before a large document takes the event loop for itself, `giveWay` is awaited.
 * @throws NOT_FOUND, LOAD_FAILED, DOCUMENT_DAMAGED; the Doc is then of no use and its owner destroys it
 */
export async function loadDocument(
  store: DocumentStore,
  documentId: string,
  into: Doc,
  giveWay?: () => Promise<void>,
): Promise<Loaded> {
  const stored = await reading(() => store.load(documentId));
  if (stored === undefined) throw new AppError("NOT_FOUND");
  const { meta, checkpoint, tail, head, owners } = stored;
  const tailBytes = tail.reduce((bytes, update) => bytes + update.length, 0);
  if ((checkpoint?.state.length ?? 0) + tailBytes > LARGE_BYTES) await giveWay?.();
  keepFormatting(into);
  try {
    into.transact(() => {
      if (checkpoint) applyUpdateV2(into, checkpoint.state);
      for (const update of tail) applyUpdate(into, update);
    });
  } catch (cause) {
    throw new AppError("DOCUMENT_DAMAGED", undefined, { cause, details: { documentId } });
  }
  return {
    meta,
    owners,
    seq: head,
    checkpoint: { seq: checkpoint?.seq ?? 0, bytes: checkpoint?.state.length ?? 0 },
    tail: { updates: tail.length, bytes: tailBytes },
  };
}

/** The store's own codes pass; anything else it throws means that it could not be read. */
async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("LOAD_FAILED", undefined, { cause });
  }
}
