import { isId } from "@octavo/schema";
import { type Handshake, readHandshake, SYNC_PATH } from "@octavo/schema/protocol";

/** Longest address of a sync socket: path, id and handshake take under 100 characters. */
const MAX_LENGTH = 512;

/** What a socket's address names. */
export interface Place {
  documentId: string;
  handshake: Handshake;
}

/** Document and handshake of a socket's address; undefined for an address that no document can have. */
export function readSyncPath(url: string | undefined): Place | undefined {
  if (url === undefined || url.length > MAX_LENGTH || !url.startsWith(SYNC_PATH)) return undefined;
  const [path = "", query = ""] = url.slice(SYNC_PATH.length).split("?", 2);
  // An id has no character that a percent sign could stand for: nothing is decoded here.
  if (!isId(path)) return undefined;
  return { documentId: path, handshake: readHandshake(new URLSearchParams(query)) };
}
