import { length, writeVarUint } from "lib0/encoding";
import * as Y from "yjs";

type Decoded = ReturnType<typeof Y.decodeUpdate>;
type Struct = Decoded["structs"][number];

/**
 * Splits a Yjs update (V1) into updates of about `limitBytes` that together give the same, applied in this order, so
 * that one large paste does not hold up the socket. Two things stay whole: an update with structs of several clients,
 * because parts of it might wait for each other in both directions, and a single struct larger than the limit.
 */
export function splitUpdate(update: Uint8Array, limitBytes: number): readonly Uint8Array[] {
  if (update.length <= limitBytes) return [update];
  const { structs, ds } = Y.decodeUpdate(update);
  const client = structs[0]?.id.client;
  if (client === undefined || structs.some(struct => struct.id.client !== client)) return [update];
  const parts = partition(structs, limitBytes);
  // Deletions come last: what they delete may be in any part before.
  return parts.map((part, index) => encode(part, index === parts.length - 1 ? ds : undefined));
}

function partition(structs: readonly Struct[], limitBytes: number): Struct[][] {
  const parts: Struct[][] = [];
  let partBytes = Number.POSITIVE_INFINITY;
  for (const struct of structs) {
    const bytes = encodedLength(struct);
    if (partBytes + bytes > limitBytes) {
      parts.push([]);
      partBytes = 0;
    }
    parts.at(-1)?.push(struct);
    partBytes += bytes;
  }
  return parts;
}

function encodedLength(struct: Struct): number {
  const encoder = new Y.UpdateEncoderV1();
  struct.write(encoder, 0);
  return length(encoder.restEncoder);
}

/** The V1 form of yjs `encoding.js` and `DeleteSet.js`: structs of one client in the order of their clocks, then deletions. */
function encode(structs: readonly Struct[], deleted: Decoded["ds"] | undefined): Uint8Array {
  const encoder = new Y.UpdateEncoderV1();
  const first = structs[0]!;
  writeVarUint(encoder.restEncoder, 1);
  writeVarUint(encoder.restEncoder, structs.length);
  encoder.writeClient(first.id.client);
  writeVarUint(encoder.restEncoder, first.id.clock);
  for (const struct of structs) struct.write(encoder, 0);
  writeVarUint(encoder.restEncoder, deleted?.clients.size ?? 0);
  for (const [client, items] of deleted?.clients ?? []) {
    encoder.resetDsCurVal();
    writeVarUint(encoder.restEncoder, client);
    writeVarUint(encoder.restEncoder, items.length);
    for (const { clock, len } of items) {
      encoder.writeDsClock(clock);
      encoder.writeDsLen(len);
    }
  }
  return encoder.toUint8Array();
}
