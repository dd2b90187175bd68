import { LIMITS } from "@octavo/schema";
import {
  DOCUMENT_STATE_TYPE,
  type DocumentState,
  readDocumentState,
  statePath,
} from "@octavo/schema/protocol";
import type { Timers } from "./timers.ts";

export interface FirstLoadOptions {
  server: string;
  documentId: string;
  schema: number;
  /** Empty where the session cookie says who this is. */
  token: Promise<string>;
  fetch: typeof fetch;
  timers: Timers;
}

/** Nothing came for so long: the socket brings the document, as it does without this. */
const SILENT_MS = 4_000;

/**
 * Fetches a document while its socket is still being set up: compressed, and as it lies on the server's disk. Resolves
 * with undefined for whatever goes wrong, also at `signal`; the socket then says what it is, or does without.
 */
export async function loadFirst(
  { server, documentId, schema, token, fetch, timers }: FirstLoadOptions,
  signal: AbortSignal,
): Promise<DocumentState | undefined> {
  const abort = new AbortController();
  signal.addEventListener("abort", () => abort.abort(), { once: true });
  let cancelSilence = () => {};
  const heard = () => {
    cancelSilence();
    cancelSilence = timers.after(SILENT_MS, () => abort.abort());
  };
  try {
    const bearer = await token;
    heard();
    const response = await fetch(new URL(statePath(documentId, schema), server), {
      headers: bearer === "" ? {} : { authorization: `Bearer ${bearer}` },
      // A foreign server gets the token and no cookie.
      credentials: "same-origin",
      cache: "no-store",
      signal: abort.signal,
    });
    if (response.status !== 200 || response.headers.get("content-type") !== DOCUMENT_STATE_TYPE) {
      abort.abort();
      return undefined;
    }
    const body = await readBody(response, heard);
    return body && readDocumentState(body);
  } catch {
    return undefined;
  } finally {
    cancelSilence();
  }
}

/** The whole body; undefined for one that no document has. */
async function readBody(response: Response, heard: () => void): Promise<Uint8Array | undefined> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    heard();
    bytes += value.length;
    if (bytes > LIMITS.stateBytes) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  const body = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
