import { AppError } from "@octavo/schema";
import type { Identity } from "../accounts/identity.ts";
import type { DocumentsParts } from "./parts.ts";
import { requireAccess } from "./require-access.ts";
import { whileWritable } from "./while-writable.ts";

/**
 * Deletes a trashed document for ever. The row goes first, so that nobody can open it while the text is removed; a
 * crash in between leaves text that nobody sees.
 * @throws NOT_FOUND, FORBIDDEN, CONFLICT where it is not in the trash, APPEND_FAILED
 */
export async function deleteDocument(
  { store, catalog, access, rooms }: DocumentsParts,
  identity: Identity | undefined,
  documentId: string,
): Promise<void> {
  const { trashed } = await requireAccess(access, identity, documentId, "delete");
  if (!trashed) throw new AppError("CONFLICT", "Only a document in the trash can be deleted.");
  if (!store.updates.state.writable) throw new AppError("APPEND_FAILED");
  await catalog.documents.delete(documentId);
  await rooms.close(documentId, "GONE");
  await whileWritable(store, () => store.delete(documentId));
}
