/**
 * How values are written. Every value begins with its format (u8) and a CRC-32C over key and body, since LevelDB
 * returns wrong values without an error after a flipped byte. The key is part of the sum: a record under another
 * record's key is damage too.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import type { DocumentMeta } from "../document-store.ts";
import { crc32c } from "./crc32c.ts";

const FORMAT = 1;
const HEADER_BYTES = 5;
const LOG_FLAGS = 0;

/** A value that is not what was written. The caller knows which document it belongs to. */
export class DamagedRecord extends Error {
  constructor(what: string) {
    super(what);
    this.name = "DamagedRecord";
  }
}

/** What stands under a document's id. */
export interface DocumentRecord {
  docNo: number;
  meta: Omit<DocumentMeta, "documentId">;
  /** Seqs of the kept checkpoints, newest first: at most two. */
  checkpoints: number[];
}

/** A log record as stored: the actor by its number within the document. */
export interface StoredUpdate {
  at: number;
  actorNo: number;
  update: Uint8Array;
}

/** Format, checksum, body. */
export function seal(key: Uint8Array, body: Uint8Array): Uint8Array {
  const value = Buffer.allocUnsafe(HEADER_BYTES + body.byteLength);
  value.set(body, HEADER_BYTES);
  return sealInPlace(key, value);
}

/** The body. @throws DamagedRecord when the checksum or the format is wrong */
export function unseal(key: Uint8Array, value: Uint8Array): Uint8Array {
  if (value.byteLength < HEADER_BYTES) throw new DamagedRecord("record cut short");
  const body = value.subarray(HEADER_BYTES);
  if (value[0] !== FORMAT) throw new DamagedRecord("unknown record format");
  const sum = new DataView(value.buffer, value.byteOffset).getUint32(1);
  if (sum !== crc32c(body, crc32c(key))) throw new DamagedRecord("wrong checksum");
  return body;
}

/** Flags u8, time u48, actor number (varint), update (Yjs, V1). */
export function encodeUpdate(key: Uint8Array, { at, actorNo, update }: StoredUpdate): Uint8Array {
  const actorBytes = varUintLength(actorNo);
  const value = Buffer.allocUnsafe(HEADER_BYTES + 7 + actorBytes + update.byteLength);
  value[HEADER_BYTES] = LOG_FLAGS;
  value.writeUIntBE(at, HEADER_BYTES + 1, 6);
  let rest = actorNo;
  for (let i = 0; i < actorBytes; i++, rest = Math.floor(rest / 128)) {
    value[HEADER_BYTES + 7 + i] = (rest & 0x7f) | (i < actorBytes - 1 ? 0x80 : 0);
  }
  value.set(update, HEADER_BYTES + 7 + actorBytes);
  return sealInPlace(key, value);
}

/** @throws DamagedRecord */
export function decodeUpdate(key: Uint8Array, value: Uint8Array): StoredUpdate {
  const body = unseal(key, value);
  if (body[0] !== LOG_FLAGS) throw new DamagedRecord("unknown flags");
  const decoder = decoding.createDecoder(body);
  decoder.pos = 7;
  const actorNo = decoding.readVarUint(decoder);
  const view = new DataView(body.buffer, body.byteOffset);
  return {
    at: view.getUint16(1) * 2 ** 32 + view.getUint32(3),
    actorNo,
    update: body.subarray(decoder.pos),
  };
}

export function encodeText(key: Uint8Array, text: string): Uint8Array {
  return seal(key, Buffer.from(text));
}

/** @throws DamagedRecord */
export function decodeText(key: Uint8Array, value: Uint8Array): string {
  return Buffer.from(unseal(key, value)).toString();
}

export function encodeNumber(key: Uint8Array, number: number): Uint8Array {
  return seal(
    key,
    encoding.encode(encoder => encoding.writeVarUint(encoder, number)),
  );
}

/** @throws DamagedRecord */
export function decodeNumber(key: Uint8Array, value: Uint8Array): number {
  return decoding.readVarUint(decoding.createDecoder(unseal(key, value)));
}

/** JSON: written rarely, read by people who inspect a store. */
export function encodeDocument(key: Uint8Array, record: DocumentRecord): Uint8Array {
  return encodeText(key, JSON.stringify(record));
}

/** @throws DamagedRecord */
export function decodeDocument(key: Uint8Array, value: Uint8Array): DocumentRecord {
  return JSON.parse(decodeText(key, value)) as DocumentRecord;
}

function sealInPlace(key: Uint8Array, value: Buffer): Uint8Array {
  value[0] = FORMAT;
  value.writeUInt32BE(crc32c(value.subarray(HEADER_BYTES), crc32c(key)), 1);
  return value;
}

function varUintLength(number: number): number {
  let length = 1;
  for (let rest = number; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}
