import { AppError, isId } from "@octavo/schema";
import { accountOf, roleFrom } from "../access/decide.ts";
import { actorOf, type Identity } from "../accounts/identity.ts";
import type { ListPosition } from "../storage/catalog/documents.ts";
import type { DocumentsParts } from "./parts.ts";
import { type DocumentSummary, summaryOf } from "./summary.ts";

export interface ListRequest {
  trashed: boolean;
  cursor?: string | undefined;
  limit: number;
}

export interface DocumentPage {
  items: DocumentSummary[];
  nextCursor: string | null;
}

/**
 * The documents an account reaches, last changed first; or those of its own in the trash.
 * @throws NOT_SIGNED_IN, INVALID_REQUEST for a cursor that is none
 */
export async function listDocuments(
  { catalog }: DocumentsParts,
  identity: Identity | undefined,
  { trashed, cursor, limit }: ListRequest,
): Promise<DocumentPage> {
  const userId = accountOf(identity);
  if (!identity || userId === undefined) throw new AppError("NOT_SIGNED_IN");
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const person = { userId, actor: actorOf(identity) };
  // One more than asked for tells whether there is a next page.
  const rows = await catalog.documents.list(person, { trashed, ...(after && { after }), limit: limit + 1 });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(row => summaryOf(row, roleFrom(row, userId) ?? "viewer")),
    nextCursor: rows.length > limit && last ? writeCursor(last) : null,
  };
}

const writeCursor = ({ updatedAt, id }: ListPosition) =>
  Buffer.from(`${updatedAt}.${id}`).toString("base64url");

function readCursor(cursor: string): ListPosition {
  const [time = "", id] = Buffer.from(cursor, "base64url").toString("latin1").split(".");
  if (!/^\d{1,15}$/.test(time) || !isId(id))
    throw new AppError("INVALID_REQUEST", "The cursor is not one of ours.");
  return { updatedAt: Number(time), id };
}
