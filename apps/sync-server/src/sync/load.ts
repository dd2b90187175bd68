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

/**
 * Fills `into` with the newest checkpoint and the log after it, in one transaction: `Y.mergeUpdates` over a log
 * takes quadratic time (yjs/yjs#710).
 * @throws NOT_FOUND, LOAD_FAILED, DOCUMENT_DAMAGED; the Doc is then of no use and its owner destroys it
 */
export async function loadDocument(store: DocumentStore, documentId: string, into: Doc): Promise<Loaded> {
  const meta = await reading(() => store.meta(documentId));
  if (meta === undefined) throw new AppError("NOT_FOUND");
  const stored = await reading(() => readStored(store, documentId));
  keepFormatting(into);
  try {
    into.transact(() => {
      if (stored.checkpoint) applyUpdateV2(into, stored.checkpoint.state);
      for (const update of stored.tail) applyUpdate(into, update);
    });
  } catch (cause) {
    throw new AppError("DOCUMENT_DAMAGED", undefined, { cause, details: { documentId } });
  }
  return {
    meta,
    owners: stored.owners,
    seq: stored.head,
    checkpoint: { seq: stored.checkpoint?.seq ?? 0, bytes: stored.checkpoint?.state.length ?? 0 },
    tail: {
      updates: stored.tail.length,
      bytes: stored.tail.reduce((bytes, update) => bytes + update.length, 0),
    },
  };
}

async function readStored(store: DocumentStore, documentId: string) {
  const head = await store.updates.head(documentId);
  const checkpoint = await store.checkpoints.newest(documentId);
  const tail: Uint8Array[] = [];
  let seq = checkpoint?.seq ?? 0;
  for await (const record of store.updates.read(documentId, seq)) {
    if (record.seq !== seq + 1) throw new AppError("DOCUMENT_DAMAGED", `The log misses record ${seq + 1}.`);
    if (record.seq > head) break;
    seq = record.seq;
    tail.push(record.update);
  }
  if (seq < head) throw new AppError("DOCUMENT_DAMAGED", `The log ends at ${seq} and should reach ${head}.`);
  return { head: seq, checkpoint, tail, owners: await store.updates.owners(documentId) };
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
