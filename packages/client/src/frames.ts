import { createDecoder, readVarInt, readVarString, readVarUint, readVarUint8Array } from "lib0/decoding";
import { createEncoder, toUint8Array, writeVarString, writeVarUint, writeVarUint8Array } from "lib0/encoding";

/** What this package needs to know of a frame of the Hocuspocus protocol. */
export type Frame =
  | { kind: "step1" }
  /** A sync step 2 or an update, with its Yjs update (V1). Sent by us, both are writes that the server acknowledges. */
  | { kind: "step2" | "update"; name: string; update: Uint8Array }
  /** The server's answer to the oldest write that has none. */
  | { kind: "ack"; accepted: boolean }
  | { kind: "other" };

const SYNC = 0;
const SYNC_STATUS = 8;
const SYNC_KINDS = ["step1", "step2", "update"] as const;

/** Reads the head of a frame. Anything this package does not act on is "other", also what cannot be read: the provider decides about it. */
export function readFrame(bytes: Uint8Array): Frame {
  // Ping and pong are one byte without a document name.
  if (bytes.length < 3) return { kind: "other" };
  const decoder = createDecoder(bytes);
  const name = readVarString(decoder);
  const type = readVarUint(decoder);
  if (type === SYNC_STATUS) return { kind: "ack", accepted: readVarInt(decoder) === 1 };
  if (type !== SYNC) return { kind: "other" };
  const kind = SYNC_KINDS[readVarUint(decoder)];
  if (kind === undefined) return { kind: "other" };
  return kind === "step1" ? { kind } : { kind, name, update: readVarUint8Array(decoder) };
}

/** The frame that `readFrame` reads back. */
export function writeFrame(frame: {
  kind: "step2" | "update";
  name: string;
  update: Uint8Array;
}): Uint8Array {
  const encoder = createEncoder();
  writeVarString(encoder, frame.name);
  writeVarUint(encoder, SYNC);
  writeVarUint(encoder, SYNC_KINDS.indexOf(frame.kind));
  writeVarUint8Array(encoder, frame.update);
  return toUint8Array(encoder);
}
