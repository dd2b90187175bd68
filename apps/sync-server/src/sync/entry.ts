import { AppError, can, type Role } from "@octavo/schema";
import type { Handshake } from "@octavo/schema/protocol";
import type { Access } from "../access/access.ts";
import { actorOf, type Identity } from "../accounts/identity.ts";
import type { DocumentMeta } from "../storage/document-store.ts";

/** Finds out who presents these credentials. @throws TOKEN_INVALID, TOKEN_EXPIRED for a token that says nothing */
export type Identify = (headers: Headers, token?: string) => Promise<Identity | undefined>;

/** Somebody with access to a document. */
export interface Entry {
  identity: Identity;
  actor: string;
  role: Role;
}

/** Who it is and what the person may do. @throws NOT_FOUND for no access and no document alike */
export async function decideEntry(
  doors: { identify: Identify; access: Access },
  documentId: string,
  credentials: { headers: Headers; token: string },
): Promise<Entry> {
  const identity = await doors.identify(credentials.headers, credentials.token || undefined);
  const decision = await doors.access.decide(identity, documentId);
  if (identity === undefined || decision === undefined) throw new AppError("NOT_FOUND");
  return { identity, actor: actorOf(identity), role: decision.role };
}

/**
 * Whether this client's editor may be let near the document at all.
 * @throws EPOCH_MISMATCH for a copy of a replaced document, CLIENT_TOO_OLD for an editor that would delete what it
 * does not know
 */
export function checkHandshake(handshake: Handshake, meta: DocumentMeta): void {
  if (handshake.epoch !== undefined && handshake.epoch !== meta.epoch) throw new AppError("EPOCH_MISMATCH");
  if (meta.kind === "raw" || handshake.schema === undefined) return;
  if (handshake.schema < meta.schemaVersion) throw new AppError("CLIENT_TOO_OLD");
}

/** Whether a connection may write: a client that does not say what it understands may only read. */
export function isWritable(
  role: Role,
  identity: Identity,
  handshake: Handshake,
  kind: DocumentMeta["kind"],
): boolean {
  if (!can(role, "write")) return false;
  const isRawClient = identity.kind === "token" && identity.claims.rawYjs === true;
  return handshake.schema !== undefined || kind === "raw" || isRawClient;
}
