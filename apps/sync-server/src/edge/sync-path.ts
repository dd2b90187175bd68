import { isId, LIMITS } from "@octavo/schema";
import { EVENTS_SUFFIX, type Handshake, readHandshake, SYNC_PATH, YJS_PATH } from "@octavo/schema/protocol";

/** Longest address of a sync socket: path, id and handshake take under 100 characters. */
const MAX_LENGTH = 512;

/** What a socket's address names. */
export interface Place {
  documentId: string;
  handshake: Handshake;
}

/** What the address of a y-websocket client says, who knows no other way to show a token. */
export interface YjsPlace extends Place {
  token: string;
}

/** Document and handshake of a socket's address; undefined for an address that no document can have. */
export function readSyncPath(url: string | undefined): Place | undefined {
  return readPlace(url, SYNC_PATH, MAX_LENGTH)?.place;
}

/** The same of a document's HTTP transports. */
export function readEventsPath(url: string | undefined): Place | undefined {
  const [path = "", query = ""] = url?.split("?", 2) ?? [];
  if (!path.endsWith(EVENTS_SUFFIX)) return undefined;
  return readSyncPath(`${path.slice(0, -EVENTS_SUFFIX.length)}?${query}`);
}

/** The same of a y-websocket client's. */
export function readYjsPath(url: string | undefined): YjsPlace | undefined {
  const read = readPlace(url, YJS_PATH, MAX_LENGTH + LIMITS.tokenLength);
  return read && { ...read.place, token: read.query.get("token") ?? "" };
}

function readPlace(
  url: string | undefined,
  prefix: string,
  maxLength: number,
): { place: Place; query: URLSearchParams } | undefined {
  if (url === undefined || url.length > maxLength || !url.startsWith(prefix)) return undefined;
  const [path = "", text = ""] = url.slice(prefix.length).split("?", 2);
  // An id has no character that a percent sign could stand for: nothing is decoded here.
  if (!isId(path)) return undefined;
  const query = new URLSearchParams(text);
  return { place: { documentId: path, handshake: readHandshake(query) }, query };
}
