import { AppError } from "@octavo/schema";
import type { Clock } from "../../clock.ts";
import type { DocumentContent, DocumentMeta, DocumentStore } from "../document-store.ts";
import type { GroupCommit } from "../group-commit.ts";
import type { UpdateLog } from "../update-log.ts";
import { Compaction } from "./compaction.ts";
import type { Database, Operation } from "./database.ts";
import type { Documents } from "./documents.ts";
import {
  deletionKey,
  deletionRange,
  documentKey,
  logsRange,
  rangesOfDocument,
  readDocNo,
  storeKey,
} from "./keys.ts";
import { LevelCheckpointStore } from "./level-checkpoint-store.ts";
import { actorOperation, type LevelUpdateLog, updateOperations } from "./level-update-log.ts";
import { decodeNumber, encodeDocument, encodeNumber, encodeText } from "./record.ts";

const NEXT_DOC_NO_KEY = storeKey("nextDocNo");
const PROBE_KEY = storeKey("probe");
const DELETES_AT_ONCE = 1_000;
const FIRST_ACTOR = 1;
const FIRST_SEQ = 1;

interface Parts {
  database: Database;
  documents: Documents;
  commit: GroupCommit<Operation>;
  updates: LevelUpdateLog;
  clock: Clock;
}

export class LevelDocumentStore implements DocumentStore {
  readonly updates: UpdateLog;
  readonly checkpoints: LevelCheckpointStore;
  readonly #parts: Parts;
  readonly #compaction: Compaction;
  #nextDocNo = 1;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.updates = parts.updates;
    this.#compaction = new Compaction({ database: parts.database, clock: parts.clock });
    this.checkpoints = new LevelCheckpointStore(
      parts.database,
      parts.documents,
      parts.commit,
      this.#compaction,
      documentId => parts.updates.committedSeq(documentId),
    );
  }

  /** Reads what the store knows of itself and ends deletions that a crash interrupted. */
  async start(): Promise<void> {
    const { database } = this.#parts;
    const next = await database.get(NEXT_DOC_NO_KEY);
    if (next) this.#nextDocNo = decodeNumber(NEXT_DOC_NO_KEY, next);
    // Were the counter lost, a new document would be written over an old one: every document has a log.
    for await (const [key] of database.entries(logsRange(), { reverse: true, limit: 1 })) {
      this.#nextDocNo = Math.max(this.#nextDocNo, readDocNo(key) + 1);
    }
    for await (const key of database.keys(deletionRange())) await this.#removeRecords(readDocNo(key));
  }

  async create(
    meta: DocumentMeta,
    initial: { update: Uint8Array; actor: string; claims: readonly number[] },
  ): Promise<void> {
    const { documents, commit, clock } = this.#parts;
    const { documentId, ...rest } = meta;
    commit.admit(initial.update.byteLength, false);
    await documents.exclusively(documentId, async () => {
      if (await documents.find(documentId)) throw new AppError("CONFLICT");
      const docNo = this.#nextDocNo++;
      const key = documentKey(documentId);
      const first = { at: clock.now(), actorNo: FIRST_ACTOR, update: initial.update };
      const operations: Operation[] = [
        { type: "put", key: NEXT_DOC_NO_KEY, value: encodeNumber(NEXT_DOC_NO_KEY, docNo + 1) },
        { type: "put", key, value: encodeDocument(key, { docNo, meta: rest, checkpoints: [] }) },
        actorOperation(docNo, FIRST_ACTOR, initial.actor),
        ...updateOperations(docNo, FIRST_SEQ, first, initial.claims),
      ];
      await commit.write(operations, initial.update.byteLength);
    });
  }

  async meta(documentId: string): Promise<DocumentMeta | undefined> {
    const record = await this.#parts.documents.find(documentId);
    return record && { documentId, ...record.meta };
  }

  load(documentId: string): Promise<DocumentContent | undefined> {
    const { documents, updates } = this.#parts;
    return documents.exclusively(documentId, async () => {
      const record = await documents.find(documentId);
      if (!record) return undefined;
      const readCheckpoint = () => this.checkpoints.newestOf(documentId, record);
      const content = await updates.load(documentId, record, readCheckpoint);
      return { meta: { documentId, ...record.meta }, ...content };
    });
  }

  async setMeta(
    documentId: string,
    change: Partial<Pick<DocumentMeta, "epoch" | "schemaVersion">>,
  ): Promise<void> {
    const { documents, commit } = this.#parts;
    commit.admit(0, false);
    await documents.exclusively(documentId, async () => {
      const record = await documents.get(documentId);
      const key = documentKey(documentId);
      const value = encodeDocument(key, { ...record, meta: { ...record.meta, ...change } });
      await commit.write([{ type: "put", key, value }], value.byteLength);
    });
  }

  async delete(documentId: string): Promise<void> {
    const { documents, commit, updates } = this.#parts;
    commit.admit(0, false);
    await documents.exclusively(documentId, async () => {
      const record = await documents.find(documentId);
      if (!record) return;
      // Once more: a store that fails by now must not reject the document's appends for a deletion that fails too.
      commit.admit(0, false);
      updates.discard(documentId);
      const marked = deletionKey(record.docNo);
      await commit.write(
        [
          { type: "del", key: documentKey(documentId) },
          { type: "put", key: marked, value: encodeText(marked, documentId) },
        ],
        0,
      );
      await this.#removeRecords(record.docNo);
    });
  }

  async probe(): Promise<void> {
    await this.#parts.commit.write([probeOperation(this.#parts.clock)], 0);
  }

  async close(): Promise<void> {
    await this.#parts.commit.close();
    await this.#compaction.close();
    await this.#parts.database.close();
  }

  /** In steps; the mark, removed last, lets the next start finish what a crash interrupts. */
  async #removeRecords(docNo: number): Promise<void> {
    const { database, commit } = this.#parts;
    for (const range of rangesOfDocument(docNo)) {
      let operations: Operation[] = [];
      for await (const key of database.keys(range)) {
        operations.push({ type: "del", key });
        if (operations.length < DELETES_AT_ONCE) continue;
        await commit.write(operations, 0);
        operations = [];
      }
      if (operations.length > 0) await commit.write(operations, 0);
    }
    await commit.write([{ type: "del", key: deletionKey(docNo) }], 0);
    this.#compaction.purge(docNo);
  }
}

/** Proves that the disk takes a write. */
export function probeOperation(clock: Clock): Operation {
  return { type: "put", key: PROBE_KEY, value: encodeNumber(PROBE_KEY, clock.now()) };
}
