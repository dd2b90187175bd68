/**
 * Flat binary keys: one byte of table, then big-endian numbers, so that LevelDB's byte order is our order.
 * `docNo` is a document's number (u48): short, never given twice.
 */
const TABLE = {
  /** name → what the store knows of itself */
  store: 0x00,
  /** documentId (utf8) → document record */
  document: 0x01,
  /** docNo, seq (u64) → log record */
  log: 0x03,
  /** docNo, seq (u64), chunk (u16) → part of a checkpoint */
  checkpoint: 0x04,
  // 0x05 and 0x06 are kept for versions.
  /** docNo, yjsClientId (u64) → number of the actor who owns it */
  owner: 0x07,
  /** docNo, actor number (u32) → actor */
  actor: 0x08,
  /** docNo, first seq (u64) → compressed log records, trimmed from the log */
  archive: 0x09,
  /** docNo → a document whose records are being removed */
  deletion: 0x0a,
} as const;

/** The tables whose keys begin with a docNo: all that a document leaves, besides its record. */
const DOCUMENT_TABLES = [TABLE.log, TABLE.checkpoint, TABLE.owner, TABLE.actor, TABLE.archive] as const;

const DOC_NO_END = 7;

/** Keys of one table and document from `gte` up to, not including, `lt`. */
export interface KeyRange {
  gte: Buffer;
  lt: Buffer;
}

export function storeKey(name: string): Buffer {
  return Buffer.concat([Buffer.of(TABLE.store), Buffer.from(name)]);
}

export function documentKey(documentId: string): Buffer {
  return Buffer.concat([Buffer.of(TABLE.document), Buffer.from(documentId)]);
}

export function logKey(docNo: number, seq: number): Buffer {
  return keyWithU64(TABLE.log, docNo, seq);
}

export function checkpointKey(docNo: number, seq: number, chunk: number): Buffer {
  const key = Buffer.alloc(17);
  keyWithU64(TABLE.checkpoint, docNo, seq).copy(key);
  key.writeUInt16BE(chunk, 15);
  return key;
}

export function ownerKey(docNo: number, yjsClientId: number): Buffer {
  return keyWithU64(TABLE.owner, docNo, yjsClientId);
}

export function actorKey(docNo: number, actorNo: number): Buffer {
  const key = Buffer.alloc(11);
  writePrefix(key, TABLE.actor, docNo);
  key.writeUInt32BE(actorNo, DOC_NO_END);
  return key;
}

export function archiveKey(docNo: number, firstSeq: number): Buffer {
  return keyWithU64(TABLE.archive, docNo, firstSeq);
}

export function deletionKey(docNo: number): Buffer {
  const key = Buffer.alloc(DOC_NO_END);
  writePrefix(key, TABLE.deletion, docNo);
  return key;
}

/** The number after the docNo: seq, yjsClientId or first seq. */
export function readU64(key: Uint8Array): number {
  const bytes = asBuffer(key);
  return bytes.readUInt32BE(DOC_NO_END) * 2 ** 32 + bytes.readUInt32BE(DOC_NO_END + 4);
}

export function readActorNo(key: Uint8Array): number {
  return asBuffer(key).readUInt32BE(DOC_NO_END);
}

export function readDocNo(key: Uint8Array): number {
  return asBuffer(key).readUIntBE(1, 6);
}

/** Log keys with `afterSeq < seq <= upToSeq`. */
export function logRange(docNo: number, afterSeq: number, upToSeq = Number.MAX_SAFE_INTEGER): KeyRange {
  return { gte: logKey(docNo, afterSeq + 1), lt: logKey(docNo, upToSeq + 1) };
}

export function checkpointRange(docNo: number, seq: number): KeyRange {
  return { gte: checkpointKey(docNo, seq, 0), lt: checkpointKey(docNo, seq + 1, 0) };
}

export const checkpointsRange = (docNo: number): KeyRange => rangeOf(TABLE.checkpoint, docNo);
export const ownerRange = (docNo: number): KeyRange => rangeOf(TABLE.owner, docNo);
export const actorRange = (docNo: number): KeyRange => rangeOf(TABLE.actor, docNo);
export const archiveRange = (docNo: number): KeyRange => rangeOf(TABLE.archive, docNo);

/** One range a table: all records of a document besides the document record. */
export function rangesOfDocument(docNo: number): KeyRange[] {
  return DOCUMENT_TABLES.map(table => rangeOf(table, docNo));
}

/** The log records of all documents. */
export function logsRange(): KeyRange {
  return { gte: Buffer.of(TABLE.log), lt: Buffer.of(TABLE.log + 1) };
}

export function deletionRange(): KeyRange {
  return { gte: Buffer.of(TABLE.deletion), lt: Buffer.of(TABLE.deletion + 1) };
}

function rangeOf(table: number, docNo: number): KeyRange {
  const gte = Buffer.alloc(DOC_NO_END);
  const lt = Buffer.alloc(DOC_NO_END);
  writePrefix(gte, table, docNo);
  writePrefix(lt, table, docNo + 1);
  return { gte, lt };
}

function keyWithU64(table: number, docNo: number, number: number): Buffer {
  const key = Buffer.alloc(15);
  writePrefix(key, table, docNo);
  key.writeUInt32BE(Math.floor(number / 2 ** 32), DOC_NO_END);
  key.writeUInt32BE(number >>> 0, DOC_NO_END + 4);
  return key;
}

function writePrefix(key: Buffer, table: number, docNo: number): void {
  key[0] = table;
  key.writeUIntBE(docNo, 1, 6);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
