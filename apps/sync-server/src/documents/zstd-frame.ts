/**
 * One zstd frame out of plain bytes and a frame that is stored: the stored one is neither decompressed nor compressed
 * again. Two frames behind each other would be right too (RFC 8878, section 3), but Node's decoder, and with it its
 * `fetch`, ends after the first.
 */

const MAGIC = 0xfd2fb528;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
/** RFC 8878, 3.1.1.2.4: no block has more content. */
const BLOCK_BYTES = 128 * 1024;
/** What every decoder of the content coding supports (RFC 9659): 8 MB. */
const MAX_WINDOW_LOG = 23;
const MIN_WINDOW_LOG = 17;

/**
 * A frame whose content is `before` followed by that of `frame`; undefined where the frame is not of the simple kind
 * that our compressor writes. `before` is not compressed: it should be short.
 */
export function prependToFrame(before: Uint8Array, frame: Uint8Array): Uint8Array | undefined {
  const stored = readHead(frame);
  if (stored === undefined) return undefined;
  const windowLog = Math.max(MIN_WINDOW_LOG, Math.ceil(Math.log2(stored.windowBytes)));
  if (windowLog > MAX_WINDOW_LOG) return undefined;
  const head = Buffer.alloc(6);
  head.writeUInt32LE(MAGIC);
  // The descriptor says: no content size, no checksum, no dictionary; a window of 2^windowLog follows.
  head[5] = (windowLog - 10) << 3;
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < before.length; at += BLOCK_BYTES) {
    const block = before.subarray(at, at + BLOCK_BYTES);
    const blockHead = Buffer.alloc(BLOCK_HEADER_BYTES);
    // Not the last, raw.
    blockHead.writeUIntLE(block.length << 3, 0, BLOCK_HEADER_BYTES);
    blocks.push(blockHead, block);
  }
  return Buffer.concat([head, ...blocks, stored.blocks]);
}

/** Window and blocks of a frame; undefined for several frames, dictionaries and what is no frame. */
function readHead(frame: Uint8Array): { windowBytes: number; blocks: Uint8Array } | undefined {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  const descriptor = bytes[4]!;
  const [hasChecksum, dictionary] = [(descriptor & 4) !== 0, descriptor & 3];
  const isSingleSegment = (descriptor & 32) !== 0;
  if (dictionary !== 0) return undefined;
  const windowByte = bytes[5]!;
  const sizeAt = isSingleSegment ? 5 : 6;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const blocksAt = sizeAt + sizeBytes;
  if (bytes.length < blocksAt + BLOCK_HEADER_BYTES) return undefined;
  const windowBytes = isSingleSegment
    ? readSize(bytes, sizeAt, sizeBytes)
    : 2 ** (10 + (windowByte >> 3)) * (1 + (windowByte & 7) / 8);
  const end = endOfBlocks(bytes, blocksAt);
  if (end === undefined || end + (hasChecksum ? CHECKSUM_BYTES : 0) !== bytes.length) return undefined;
  return { windowBytes, blocks: bytes.subarray(blocksAt, end) };
}

function readSize(bytes: Buffer, at: number, sizeBytes: number): number {
  if (sizeBytes === 8) return Number(bytes.readBigUInt64LE(at));
  // Of two bytes, what one byte could say is not counted again.
  return bytes.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
}

function endOfBlocks(bytes: Buffer, from: number): number | undefined {
  for (let at = from; at + BLOCK_HEADER_BYTES <= bytes.length; ) {
    const head = bytes.readUIntLE(at, BLOCK_HEADER_BYTES);
    const [isLast, type] = [(head & 1) === 1, (head >> 1) & 3];
    // A run-length block is one byte, repeated.
    at += BLOCK_HEADER_BYTES + (type === 1 ? 1 : head >> 3);
    if (type === 3 || at > bytes.length) return undefined;
    if (isLast) return at;
  }
  return undefined;
}
