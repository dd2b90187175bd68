/**
 * A document as it is sent over HTTP to whoever opens it: `GET /api/v1/documents/{id}/state`.
 *
 *     u8 format · varUint epoch · varUint seq · varUint number of updates
 *     · for each update: varUint bytes, Yjs update (V1) · the rest: one Yjs update (V2), or nothing
 *
 * The V2 update is what the server stores; the others came after it. Numbers are varUints as lib0 writes them.
 */
export interface DocumentState {
  epoch: number;
  /** Of the last update that is in it. */
  seq: number;
  /** Yjs update, V2; undefined where there is none yet. */
  state: Uint8Array | undefined;
  /** Yjs updates, V1, to be applied after `state`. */
  updates: Uint8Array[];
}

export const DOCUMENT_STATE_FORMAT = 1;
export const DOCUMENT_STATE_TYPE = "application/vnd.octavo.document-state";

/** Path of a document's state below the server's address, with what the asker's editor understands. */
export function statePath(documentId: string, schema: number | undefined): string {
  const query = schema === undefined ? "" : `?schema=${schema}`;
  return `/api/v1/documents/${encodeURIComponent(documentId)}/state${query}`;
}

/** Everything but the V2 update, which is written behind it. */
export function writeStateHead({ epoch, seq, updates }: Omit<DocumentState, "state">): Uint8Array {
  const numbers = [DOCUMENT_STATE_FORMAT, ...varUint(epoch), ...varUint(seq), ...varUint(updates.length)];
  const parts = updates.flatMap(update => [Uint8Array.from(varUint(update.length)), update]);
  const head = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, numbers.length));
  head.set(numbers);
  let at = numbers.length;
  for (const part of parts) {
    head.set(part, at);
    at += part.length;
  }
  return head;
}

/** Reads a body; the updates are views of it. Undefined for what is none, or of another format. */
export function readDocumentState(body: Uint8Array): DocumentState | undefined {
  let at = 1;
  /** A negative number means that the bytes end early or say what cannot be. */
  const readVarUint = (): number => {
    let value = 0;
    for (let unit = 1; unit <= 2 ** 49; unit *= 128) {
      const byte = body[at++];
      if (byte === undefined) return -1;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : -1;
    }
    return -1;
  };
  if (body[0] !== DOCUMENT_STATE_FORMAT) return undefined;
  const [epoch, seq, count] = [readVarUint(), readVarUint(), readVarUint()];
  // An update has at least two bytes, and one before it.
  if (epoch < 0 || seq < 0 || count < 0 || count * 3 > body.length - at) return undefined;
  const updates: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = readVarUint();
    if (bytes < 0 || bytes > body.length - at) return undefined;
    updates.push(body.subarray(at, at + bytes));
    at += bytes;
  }
  return { epoch, seq, state: at < body.length ? body.subarray(at) : undefined, updates };
}

function varUint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}
