/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), reflected polynomial. Node's zlib has only the other CRC-32. */
const POLYNOMIAL = 0x82f63b78;

const STEP_BYTES = 8;

/**
 * Table k says what a byte does to the sum once k more bytes followed: eight bytes then take one step together
 * ("slicing-by-8", Kounavis and Berry, 2005). A document's state of megabytes is summed in one go.
 */
const [T0, T1, T2, T3, T4, T5, T6, T7] = tables() as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/** The checksum of `bytes`, or of what came before and `bytes` when `before` is given. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  let i = 0;
  for (const last = bytes.length - STEP_BYTES; i <= last; i += STEP_BYTES) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      T7[crc & 0xff]! ^
      T6[(crc >>> 8) & 0xff]! ^
      T5[(crc >>> 16) & 0xff]! ^
      T4[crc >>> 24]! ^
      T3[bytes[i + 4]!]! ^
      T2[bytes[i + 5]!]! ^
      T1[bytes[i + 6]!]! ^
      T0[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) crc = T0[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function tables(): Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    return value;
  });
  const all = [first];
  while (all.length < STEP_BYTES) {
    const previous = all.at(-1)!;
    all.push(previous.map(value => first[value & 0xff]! ^ (value >>> 8)));
  }
  return all;
}
