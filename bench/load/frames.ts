import * as encoding from "lib0/encoding";

/** Message types of the Hocuspocus protocol, after the address that every frame begins with. */
export const MESSAGE = { sync: 0, awareness: 1, auth: 2, stateless: 5, close: 7, syncStatus: 8 } as const;
export const STEP = { one: 0, two: 1, update: 2 } as const;
const AUTHENTICATED = 2;
const DENIED = 1;

function frame(address: string, ...parts: (number | string | Uint8Array)[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarString(encoder, address);
  for (const part of parts) {
    if (typeof part === "number") encoding.writeVarUint(encoder, part);
    else if (typeof part === "string") encoding.writeVarString(encoder, part);
    else encoding.writeVarUint8Array(encoder, part);
  }
  return encoding.toUint8Array(encoder);
}

export const authFrame = (address: string, token: string) => frame(address, MESSAGE.auth, 0, token);
export const stepOneFrame = (address: string, vector: Uint8Array) =>
  frame(address, MESSAGE.sync, STEP.one, vector);
export const updateFrame = (address: string, update: Uint8Array) =>
  frame(address, MESSAGE.sync, STEP.update, update);

/** One client's awareness state. */
export function awarenessFrame(address: string, client: number, clock: number, state: object): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 1);
  encoding.writeVarUint(encoder, client);
  encoding.writeVarUint(encoder, clock);
  encoding.writeVarString(encoder, JSON.stringify(state));
  return frame(address, MESSAGE.awareness, encoding.toUint8Array(encoder));
}

/** What a frame of the server is, without copying anything. */
export type FrameKind =
  | "step1"
  | "step2"
  | "update"
  | "awareness"
  | "authenticated"
  | "denied"
  | "ack"
  | "refusal"
  | "other";

/** Reads the head of a frame; `addressBytes` are the bytes of its address with its length. */
export function kindOf(bytes: Uint8Array, addressBytes: number): FrameKind {
  if (bytes.length <= addressBytes) return "other";
  const next = bytes[addressBytes + 1];
  switch (bytes[addressBytes]) {
    case MESSAGE.sync:
    case 4:
      return next === STEP.one ? "step1" : next === STEP.two ? "step2" : "update";
    case MESSAGE.awareness:
      return "awareness";
    case MESSAGE.auth:
      return next === AUTHENTICATED ? "authenticated" : next === DENIED ? "denied" : "other";
    case MESSAGE.syncStatus:
      return next === 1 ? "ack" : "refusal";
    default:
      return "other";
  }
}

/** The content of a sync or awareness frame. */
export function contentOf(bytes: Uint8Array, addressBytes: number): Uint8Array {
  let position = addressBytes + (bytes[addressBytes] === MESSAGE.awareness ? 1 : 2);
  let length = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[position++] as number;
    length += (byte & 127) * factor;
    if (byte < 128) break;
  }
  return bytes.subarray(position, position + length);
}
