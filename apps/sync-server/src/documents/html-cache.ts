/** HTML of documents kept in memory, over all documents; a page of text is about 4 KB. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The newest HTML of each document by its seq; the longest unused goes first when the bytes run out. */
export interface HtmlCache {
  /** The HTML at that seq, made by `render` if it is not there; those who ask meanwhile wait for the same one. */
  get(documentId: string, seq: number, render: () => Promise<string>): Promise<string>;
}

export function createHtmlCache(maxBytes = MAX_BYTES): HtmlCache {
  interface Entry {
    seq: number;
    html: Promise<string>;
    /** 0 until it is rendered. */
    bytes: number;
  }
  const entries = new Map<string, Entry>();
  let bytes = 0;

  const drop = (documentId: string, entry: Entry) => {
    if (entries.get(documentId) !== entry) return;
    entries.delete(documentId);
    bytes -= entry.bytes;
  };

  return {
    async get(documentId, seq, render) {
      const known = entries.get(documentId);
      if (known?.seq === seq) {
        entries.delete(documentId);
        entries.set(documentId, known);
        return known.html;
      }
      if (known) drop(documentId, known);
      const entry: Entry = { seq, html: render(), bytes: 0 };
      entries.set(documentId, entry);
      try {
        const html = await entry.html;
        if (entries.get(documentId) === entry) {
          entry.bytes = Buffer.byteLength(html);
          bytes += entry.bytes;
        }
        for (const [oldestId, oldest] of entries) {
          if (bytes <= maxBytes) break;
          drop(oldestId, oldest);
        }
        return html;
      } catch (error) {
        drop(documentId, entry);
        throw error;
      }
    },
  };
}
