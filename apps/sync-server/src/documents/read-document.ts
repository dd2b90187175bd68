import type { FormatOut } from "@octavo/schema/http";
import type { Identity } from "../accounts/identity.ts";
import type { Rendered } from "./convert/pool.ts";
import type { DocumentsParts } from "./parts.ts";
import { requireAccess } from "./require-access.ts";
import { type DocumentSummary, summaryFrom } from "./summary.ts";

/** What the asker may know of a document. @throws NOT_FOUND */
export async function getDocument(
  { catalog, access }: DocumentsParts,
  identity: Identity | undefined,
  documentId: string,
): Promise<DocumentSummary> {
  const { role } = await requireAccess(access, identity, documentId, "read");
  return summaryFrom(catalog, documentId, role);
}

/** The text as it is now, in a format. @throws NOT_FOUND, CONVERSION_FAILED, LOAD_FAILED, DOCUMENT_DAMAGED */
export async function readDocument(
  { access, rooms, render }: DocumentsParts,
  identity: Identity | undefined,
  documentId: string,
  format: FormatOut,
): Promise<Rendered> {
  await requireAccess(access, identity, documentId, "read");
  const { update } = await rooms.readState(documentId);
  return render.renderState(update, format);
}
