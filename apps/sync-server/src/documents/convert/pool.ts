import type { ContentIn, FormatOut } from "@octavo/schema/http";

/** The state of a new document (Yjs update, V1), and the text of its first heading of level 1. */
export interface Imported {
  update: Uint8Array<ArrayBuffer>;
  title?: string;
}

/** A document in one format: a string, or for `yjs` the update itself. `json` is a JSON text. */
export type Rendered = string | Uint8Array<ArrayBuffer>;

export interface ConversionPool {
  /** The state of a new document with this content. @throws CONVERSION_FAILED, MALFORMED_UPDATE, TOO_MANY_REQUESTS */
  ydocFromContent(content: ContentIn): Promise<Imported>;
  /** A document's state (Yjs update, V1) in a format. @throws CONVERSION_FAILED, MALFORMED_UPDATE, TOO_MANY_REQUESTS */
  renderState(update: Uint8Array, format: FormatOut): Promise<Rendered>;
  /** What lists and search show of a document: its headings, its first words and its whole text. */
  digest(update: Uint8Array): Promise<Digest>;
  /** Ends the workers; what is waiting is rejected with SHUTTING_DOWN. */
  close(): Promise<void>;
}

export interface Digest {
  /** Text of the first heading of level 1, if there is one. */
  title?: string;
  snippet: string;
  text: string;
}

/** Starts a pool of `size` worker threads (they start with the first job). */
export declare function createConversionPool(options?: { size?: number }): ConversionPool;
