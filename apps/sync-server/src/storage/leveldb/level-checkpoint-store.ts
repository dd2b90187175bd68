import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress, zstdDecompressSync } from "node:zlib";
import { AppError } from "@octavo/schema";
import type { Checkpoint, CheckpointStore, CompressedCheckpoint } from "../checkpoint-store.ts";
import type { GroupCommit } from "../group-commit.ts";
import { archiveLog } from "./archive.ts";
import type { Compaction } from "./compaction.ts";
import type { Database, Operation } from "./database.ts";
import type { Documents } from "./documents.ts";
import { checkpointKey, checkpointRange, checkpointsRange, documentKey, readU64 } from "./keys.ts";
import { DamagedRecord, type DocumentRecord, encodeDocument, seal, unseal } from "./record.ts";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Unpacked at once in less time than it takes to ask a thread for it. */
const SMALL_BYTES = 8 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** Chunk 0 begins with: time u48, length of the compressed state u32, its SHA-256. */
const HEAD_BYTES = 6 + 4 + 32;
const DELETES_AT_ONCE = 1_000;

export class LevelCheckpointStore implements CheckpointStore {
  readonly #database: Database;
  readonly #documents: Documents;
  readonly #commit: GroupCommit<Operation>;
  readonly #compaction: Compaction;
  readonly #committedSeq: (documentId: string) => Promise<number>;

  constructor(
    database: Database,
    documents: Documents,
    commit: GroupCommit<Operation>,
    compaction: Compaction,
    committedSeq: (documentId: string) => Promise<number>,
  ) {
    this.#database = database;
    this.#documents = documents;
    this.#commit = commit;
    this.#compaction = compaction;
    this.#committedSeq = committedSeq;
  }

  newest(documentId: string): Promise<Checkpoint | undefined> {
    return this.#newest(documentId, unpacked);
  }

  newestCompressed(documentId: string): Promise<CompressedCheckpoint | undefined> {
    return this.#newest(documentId, async stored => stored);
  }

  /** The same as `newest` for whoever has read the document's record. */
  newestOf(documentId: string, record: DocumentRecord): Promise<Checkpoint | undefined> {
    return this.#newestOf(documentId, record, unpacked);
  }

  async #newest<T>(
    documentId: string,
    take: (stored: CompressedCheckpoint) => Promise<T>,
  ): Promise<T | undefined> {
    return this.#newestOf(documentId, await this.#documents.get(documentId), take);
  }

  async #newestOf<T>(
    documentId: string,
    { docNo, checkpoints }: DocumentRecord,
    take: (stored: CompressedCheckpoint) => Promise<T>,
  ): Promise<T | undefined> {
    let damage: DamagedRecord | undefined;
    for (const seq of checkpoints) {
      try {
        return await take(await this.#read(docNo, seq));
      } catch (error) {
        // The one before and the log after it hold the same document.
        if (!(error instanceof DamagedRecord)) throw error;
        damage = error;
      }
    }
    if (!damage) return undefined;
    throw new AppError("DOCUMENT_DAMAGED", undefined, {
      cause: damage,
      details: { documentId, what: damage.message },
    });
  }

  async write(documentId: string, checkpoint: Checkpoint | CompressedCheckpoint): Promise<void> {
    this.#commit.admit(0, false);
    const compressed = "compressed" in checkpoint ? checkpoint.compressed : await compress(checkpoint.state);
    await this.#documents.exclusively(documentId, async () => {
      const record = await this.#documents.get(documentId);
      await this.#mustLieAhead(documentId, record, checkpoint.seq);
      const previous = await this.#newestReadable(record);
      if (previous === checkpoint.seq) return;
      const kept = previous === undefined ? [] : [previous];
      // A damaged checkpoint at the same seq is about to be written over: nobody may count on it meanwhile.
      if (record.checkpoints[0] === checkpoint.seq) {
        await this.#write([this.#pointer(documentId, record, kept)], 0);
      }
      const whole = wholeOf(compressed, checkpoint.at);
      const pointer = this.#pointer(documentId, record, [checkpoint.seq, ...kept]);
      await this.#writeChunks(record.docNo, checkpoint.seq, whole, pointer);
      // From here on the new one is on disk; a crash before the end leaves only more than is needed.
      if (previous !== undefined) {
        const bytes = await archiveLog(this.#database, this.#write, record.docNo, previous);
        this.#compaction.deleted(record.docNo, bytes);
      }
      const chunks = await this.#removeOthers(record.docNo, [checkpoint.seq, ...kept]);
      this.#compaction.deleted(record.docNo, chunks * Math.min(CHUNK_BYTES, whole.byteLength));
    });
  }

  async #mustLieAhead(documentId: string, record: DocumentRecord, seq: number): Promise<void> {
    if (seq < (record.checkpoints[0] ?? 0) || seq > (await this.#committedSeq(documentId))) {
      throw new TypeError("a checkpoint must lie between the newest one and the end of the log");
    }
  }

  /** The log is trimmed only up to a checkpoint that was read back and is right. */
  async #newestReadable({ docNo, checkpoints }: DocumentRecord): Promise<number | undefined> {
    for (const seq of checkpoints) {
      try {
        await this.#read(docNo, seq);
        return seq;
      } catch (error) {
        if (!(error instanceof DamagedRecord)) throw error;
      }
    }
    return undefined;
  }

  async #read(docNo: number, seq: number): Promise<CompressedCheckpoint> {
    const bodies: Uint8Array[] = [];
    for await (const [key, value] of this.#database.entries(checkpointRange(docNo, seq)))
      bodies.push(unseal(key, value));
    const head = bodies[0];
    if (!head || head.byteLength < HEAD_BYTES) throw new DamagedRecord(`checkpoint ${seq} is missing`);
    const view = new DataView(head.buffer, head.byteOffset);
    const compressed = Buffer.concat([head.subarray(HEAD_BYTES), ...bodies.slice(1)]);
    const digest = createHash("sha256").update(compressed).digest();
    const isWhole =
      view.getUint32(6) === compressed.byteLength && digest.equals(head.subarray(10, HEAD_BYTES));
    if (!isWhole) throw new DamagedRecord(`checkpoint ${seq} is incomplete`);
    return { seq, at: view.getUint16(0) * 2 ** 32 + view.getUint32(2), compressed };
  }

  /**
   * A commit a chunk, so that appends do not wait behind a large document; nothing points at them before the last,
   * which brings the pointer too: a small document's checkpoint is one commit.
   */
  async #writeChunks(docNo: number, seq: number, whole: Buffer, pointer: Operation): Promise<void> {
    for (let chunk = 0, at = 0; at < whole.byteLength; chunk++, at += CHUNK_BYTES) {
      const key = checkpointKey(docNo, seq, chunk);
      const value = seal(key, whole.subarray(at, at + CHUNK_BYTES));
      const isLast = at + CHUNK_BYTES >= whole.byteLength;
      await this.#write([{ type: "put", key, value }, ...(isLast ? [pointer] : [])], value.byteLength);
    }
  }

  #pointer(documentId: string, record: DocumentRecord, checkpoints: number[]): Operation {
    const key = documentKey(documentId);
    return { type: "put", key, value: encodeDocument(key, { ...record, checkpoints }) };
  }

  /** Older checkpoints, and chunks that a crash left before anything pointed at them; how many chunks. */
  async #removeOthers(docNo: number, kept: readonly number[]): Promise<number> {
    let operations: Operation[] = [];
    let removed = 0;
    for await (const key of this.#database.keys(checkpointsRange(docNo))) {
      if (kept.includes(readU64(key))) continue;
      operations.push({ type: "del", key });
      removed++;
      if (operations.length < DELETES_AT_ONCE) continue;
      await this.#write(operations, 0);
      operations = [];
    }
    if (operations.length > 0) await this.#write(operations, 0);
    return removed;
  }

  readonly #write = (operations: Operation[], bytes: number): Promise<void> =>
    this.#commit.write(operations, bytes);
}

function wholeOf(compressed: Uint8Array, at: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(at, 0, 6);
  head.writeUInt32BE(compressed.byteLength, 6);
  createHash("sha256").update(compressed).digest().copy(head, 10);
  return Buffer.concat([head, compressed]);
}

async function unpacked({ seq, at, compressed }: CompressedCheckpoint): Promise<Checkpoint> {
  return { seq, at, state: await inflate(compressed) };
}

async function inflate(compressed: Uint8Array): Promise<Uint8Array> {
  try {
    return compressed.length <= SMALL_BYTES ? zstdDecompressSync(compressed) : await decompress(compressed);
  } catch (error) {
    throw new DamagedRecord(`checkpoint: ${String(error)}`);
  }
}
