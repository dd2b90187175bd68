import type { Identity } from "../accounts/identity.ts";
import type { DocumentsParts } from "./parts.ts";
import { requireAccess } from "./require-access.ts";
import { type DocumentSummary, summaryFrom } from "./summary.ts";

/** Puts a document into the trash, where its owner alone sees it; open connections are closed before this resolves. @throws NOT_FOUND, FORBIDDEN */
export function trashDocument(parts: DocumentsParts, identity: Identity | undefined, documentId: string) {
  return setTrashed(parts, identity, documentId, true);
}

/** Takes a document out of the trash: access is again as it was before. @throws NOT_FOUND, FORBIDDEN */
export function restoreDocument(parts: DocumentsParts, identity: Identity | undefined, documentId: string) {
  return setTrashed(parts, identity, documentId, false);
}

async function setTrashed(
  { catalog, access, rooms, clock }: DocumentsParts,
  identity: Identity | undefined,
  documentId: string,
  trash: boolean,
): Promise<DocumentSummary> {
  const { role, trashed } = await requireAccess(access, identity, documentId, "trash");
  if (trash !== trashed) {
    await catalog.documents.setTrashed(documentId, trash ? clock.now() : null);
    // Those inside are told what happened, and not only that they may no longer be there.
    if (trash) await rooms.close(documentId, "GONE");
    await access.announce({ documentId });
  }
  return summaryFrom(catalog, documentId, role);
}
