import { createEncoder, toUint8Array, writeUint8Array, writeVarString, writeVarUint } from "lib0/encoding";

/** Writes numbers as varUints, strings as varStrings, arrays as plain bytes. */
export function written(...parts: (number | string | number[] | Uint8Array)[]): Uint8Array {
  const encoder = createEncoder();
  for (const part of parts) {
    if (typeof part === "number") writeVarUint(encoder, part);
    else if (typeof part === "string") writeVarString(encoder, part);
    else writeUint8Array(encoder, Uint8Array.from(part));
  }
  return toUint8Array(encoder);
}
