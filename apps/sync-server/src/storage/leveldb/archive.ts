import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import type { Database, Entry, Operation } from "./database.ts";
import { archiveKey, archiveRange, logRange, readU64 } from "./keys.ts";
import { DamagedRecord, seal, unseal } from "./record.ts";

/**
 * Log records that a checkpoint has made unnecessary for opening the document, kept for history and attribution:
 * as they were, with their keys, many in one compressed segment.
 */
const SEGMENT_RECORDS = 4_000;
const SEGMENT_BYTES = 1024 * 1024;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/**
 * Moves the log up to and including `upToSeq` into the archive; each segment is one commit, so a crash leaves no gap.
 * Returns the bytes that the log lost.
 */
export async function archiveLog(
  database: Database,
  write: (operations: Operation[], bytes: number) => Promise<void>,
  docNo: number,
  upToSeq: number,
): Promise<number> {
  let entries: Entry[] = [];
  let bytes = 0;
  let deletedBytes = 0;
  const flush = async () => {
    if (entries.length === 0) return;
    const operations = await segmentOf(docNo, entries);
    await write(operations, bytes);
    deletedBytes += bytes;
    entries = [];
    bytes = 0;
  };
  for await (const entry of database.entries(logRange(docNo, 0, upToSeq))) {
    entries.push(entry);
    bytes += entry[0].byteLength + entry[1].byteLength;
    if (entries.length >= SEGMENT_RECORDS || bytes >= SEGMENT_BYTES) await flush();
  }
  await flush();
  return deletedBytes;
}

/** Archived log entries with `fromSeq <= seq < beforeSeq`, in order. @throws DamagedRecord */
export async function* readArchive(
  database: Database,
  docNo: number,
  fromSeq: number,
  beforeSeq: number,
): AsyncGenerator<Entry> {
  for await (const [key, value] of database.entries(await segmentsFrom(database, docNo, fromSeq))) {
    if (readU64(key) >= beforeSeq) return;
    for (const entry of await entriesOf(key, value)) {
      const seq = readU64(entry[0]);
      if (seq >= fromSeq && seq < beforeSeq) yield entry;
    }
  }
}

async function segmentOf(docNo: number, entries: Entry[]): Promise<Operation[]> {
  const key = archiveKey(docNo, readU64(entries[0]![0]));
  const raw = encoding.encode(encoder => {
    encoding.writeVarUint(encoder, entries.length);
    for (const [logKey, value] of entries) {
      encoding.writeVarUint8Array(encoder, logKey);
      encoding.writeVarUint8Array(encoder, value);
    }
  });
  const put: Operation = { type: "put", key, value: seal(key, await compress(raw)) };
  return [put, ...entries.map(([logKey]): Operation => ({ type: "del", key: logKey }))];
}

async function entriesOf(key: Buffer, value: Uint8Array): Promise<Entry[]> {
  const compressed = unseal(key, value);
  const raw = await decompress(compressed).catch((error: unknown) => {
    throw new DamagedRecord(`archive segment: ${String(error)}`);
  });
  const decoder = decoding.createDecoder(raw);
  return Array.from({ length: decoding.readVarUint(decoder) }, (): Entry => {
    const logKey = Buffer.from(decoding.readVarUint8Array(decoder));
    return [logKey, decoding.readVarUint8Array(decoder)];
  });
}

/** The segments from the one that holds `fromSeq`. */
async function segmentsFrom(database: Database, docNo: number, fromSeq: number) {
  const all = archiveRange(docNo);
  const before = { gte: all.gte, lt: archiveKey(docNo, fromSeq + 1) };
  for await (const [key] of database.entries(before, { reverse: true, limit: 1 }))
    return { gte: key, lt: all.lt };
  return all;
}
