import { AppError } from "@octavo/schema";
import type { Identity } from "../accounts/identity.ts";
import { listEntryOf } from "./digest.ts";
import type { DocumentsParts } from "./parts.ts";
import { requireAccess } from "./require-access.ts";
import { type DocumentSummary, summaryFrom, UNTITLED } from "./summary.ts";

/**
 * Gives the document a title and tells everybody in the room. An empty one lets the title follow the first heading again.
 * @throws NOT_FOUND, FORBIDDEN, CONFLICT in the trash
 */
export async function renameDocument(
  { catalog, access, rooms, clock }: DocumentsParts,
  identity: Identity | undefined,
  documentId: string,
  title: string,
): Promise<DocumentSummary> {
  const { role, trashed } = await requireAccess(access, identity, documentId, "write");
  if (trashed) throw new AppError("CONFLICT", "The document is in the trash.");
  const derived = title === "";
  const shown = derived ? await headingOf() : title;
  await catalog.documents.rename(documentId, { title: shown, derived }, clock.now());
  rooms.announce(documentId, { type: "title", title: shown });
  return summaryFrom(catalog, documentId, role);

  async function headingOf() {
    return listEntryOf(await rooms.readBeginning(documentId)).title ?? UNTITLED;
  }
}
