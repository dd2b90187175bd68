import { promisify } from "node:util";
import { brotliCompress, constants, gzip, zstdCompress, zstdDecompress } from "node:zlib";
import { AppError, LIMITS } from "@octavo/schema";
import { type Handshake, writeStateHead } from "@octavo/schema/protocol";
import type { Identity } from "../accounts/identity.ts";
import { Gate } from "./gate.ts";
import type { DocumentsParts } from "./parts.ts";
import type { OpeningState } from "./rooms.ts";
import { prependToFrame } from "./zstd-frame.ts";

/** How a body may be written, best first: what is stored is zstd already. */
export const CODINGS = ["zstd", "br", "gzip", "identity"] as const;
export type Coding = (typeof CODINGS)[number];

export interface StateRequest {
  handshake: Handshake;
  /** The best coding that the asker takes. */
  coding: Coding;
  /** ETag of what the asker has. */
  known: string | undefined;
}

/** A body as `readDocumentState` reads it, once the coding is undone; undefined where the asker has the same. */
export interface StateAnswer {
  etag: string;
  coding: Coding;
  body: Uint8Array | undefined;
}

/** Bodies kept over all documents: a class that opens one at nine o'clock gets what was compressed for the first. */
const CACHE_BYTES = 16 * 1024 * 1024;
/** What a kept body costs beside its bytes. */
const ENTRY_BYTES = 1024;
/** Made at once: the threads that compress are those that read and write the disk. */
const MAKING = 2;
/** More who wait open the document by their socket. */
const MAX_WAITING = 1_000;
/** Below this a compressed body is not smaller by as much as a packet. */
const PLAIN_BYTES = 512;

const compressors: Record<Exclude<Coding, "identity">, (bytes: Uint8Array) => Promise<Buffer>> = {
  zstd: promisify(zstdCompress),
  // A fifth of the time of the highest quality, for a tenth more bytes.
  br: bytes => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: promisify(gzip),
};
const unpack = promisify(zstdDecompress);

/** The bytes in memory of their own: zlib answers the first few of the 64 KiB that it wrote into. */
function alone(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength > bytes.length ? new Uint8Array(bytes) : bytes;
}

/** Writes states of documents, each once for each coding while it is kept. */
export class StateBodies {
  readonly #kept = new Map<string, { body: Promise<Uint8Array>; bytes: number }>();
  #bytes = 0;
  readonly #making = new Gate(MAKING);

  /**
   * The body under that name, made when it is not there; those who ask meanwhile wait for the same one.
   * @throws TOO_MANY_REQUESTS where many wait, and what `make` throws
   */
  async get(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const known = this.#kept.get(name);
    if (known) {
      this.#kept.delete(name);
      this.#kept.set(name, known);
      return known.body;
    }
    if (this.#making.waiting >= MAX_WAITING) {
      throw new AppError("TOO_MANY_REQUESTS", undefined, { details: { retryAfter: 5 } });
    }
    const entry = { body: this.#making.run(async () => alone(await make())), bytes: 0 };
    this.#kept.set(name, entry);
    try {
      const body = await entry.body;
      if (this.#kept.get(name) === entry) {
        entry.bytes = body.length + ENTRY_BYTES;
        this.#bytes += entry.bytes;
      }
      for (const oldest of this.#kept.keys()) {
        if (this.#bytes <= CACHE_BYTES) break;
        this.#drop(oldest);
      }
      return body;
    } catch (error) {
      this.#drop(name);
      throw error;
    }
  }

  #drop(name: string): void {
    this.#bytes -= this.#kept.get(name)?.bytes ?? 0;
    this.#kept.delete(name);
  }
}

/**
 * The document for somebody who opens it, with the access that a socket asks.
 * @throws NOT_FOUND, EPOCH_MISMATCH, CLIENT_TOO_OLD, LOAD_FAILED, DOCUMENT_DAMAGED, TOO_MANY_REQUESTS
 */
export async function documentState(
  { access, rooms }: DocumentsParts,
  bodies: StateBodies,
  identity: Identity | undefined,
  documentId: string,
  { handshake, coding, known }: StateRequest,
): Promise<StateAnswer> {
  const decision = await access.decide(identity, documentId);
  if (decision === undefined) throw new AppError("NOT_FOUND");
  return rooms.readOpening(documentId, handshake, async opening => {
    const { meta, seq } = opening;
    // Weak: the same document may be written in several ways.
    const etag = `W/"${meta.epoch}-${seq}"`;
    if (known === etag) return { etag, coding: "identity", body: undefined };
    const head = writeStateHead({ epoch: meta.epoch, seq, updates: opening.updates });
    const bytes = head.length + (opening.checkpoint?.bytes.length ?? 0);
    if (bytes < PLAIN_BYTES && !isStoredAsSent(head, opening, coding))
      return { etag, coding: "identity", body: await plainBody(head, opening) };
    const body = await bodies.get(`${documentId} ${etag} ${coding}`, () => bodyIn(coding, head, opening));
    return { etag, coding, body };
  });
}

async function bodyIn(coding: Coding, head: Uint8Array, opening: OpeningState): Promise<Uint8Array> {
  const stored = isStoredAsSent(head, opening, coding) ? opening.checkpoint : undefined;
  const joined = stored && prependToFrame(head, stored.bytes);
  if (joined) return joined;
  const plain = await plainBody(head, opening);
  return coding === "identity" ? plain : compressors[coding](plain);
}

/** Whether the checkpoint can go as it lies on the disk: where what came after it, which goes in front, is little. */
function isStoredAsSent(head: Uint8Array, { checkpoint }: OpeningState, coding: Coding): boolean {
  if (coding !== "zstd" || !checkpoint?.isCompressed) return false;
  return head.length <= Math.max(PLAIN_BYTES, checkpoint.bytes.length / 16);
}

async function plainBody(head: Uint8Array, { checkpoint }: OpeningState): Promise<Uint8Array> {
  if (checkpoint === undefined) return head;
  const { bytes, isCompressed } = checkpoint;
  const state = isCompressed ? await unpack(bytes, { maxOutputLength: LIMITS.stateBytes }) : bytes;
  return Buffer.concat([head, state]);
}
