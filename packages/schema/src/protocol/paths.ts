/** Socket of one document, Hocuspocus protocol. */
export const SYNC_PATH = "/sync/v1/";
/** Socket of one document, y-websocket protocol (`WebsocketProvider` appends the document's id). */
export const YJS_PATH = "/yjs/";
export const API_PATH = "/api/v1";
export const AUTH_PATH = "/api/auth";
/** Page that turns a share link's secret into a guest's or a person's access. */
export const LINK_PATH = "/s/";
export const INVITE_PATH = "/invite/";
export const SETUP_PATH = "/setup";

/** The Y.XmlFragment that holds a document's body: the convention of Tiptap and Hocuspocus. */
export const BODY_FRAGMENT = "default";

/** Query of a sync socket: what this client understands and which document it believes to open. */
export interface Handshake {
  /** SCHEMA_VERSION of the client; absent means read-only. */
  schema?: number;
  /** Epoch of the client's copy; absent where it has none. */
  epoch?: number;
}

/** Path and query of a document's sync socket. */
export function syncPath(documentId: string, handshake: Handshake): string {
  const query = new URLSearchParams();
  if (handshake.schema !== undefined) query.set("schema", String(handshake.schema));
  if (handshake.epoch !== undefined) query.set("epoch", String(handshake.epoch));
  const text = query.toString();
  return `${SYNC_PATH}${encodeURIComponent(documentId)}${text && `?${text}`}`;
}

/** Reads a handshake; a value that is not a whole number counts as absent, which is the safe reading. */
export function readHandshake(query: URLSearchParams): Handshake {
  const schema = wholeNumber(query.get("schema"));
  const epoch = wholeNumber(query.get("epoch"));
  return { ...(schema !== undefined && { schema }), ...(epoch !== undefined && { epoch }) };
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
