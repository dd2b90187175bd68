import { AppError, type Role } from "@octavo/schema";
import type { Catalog } from "../storage/catalog/catalog.ts";
import type { DocumentRow } from "../storage/catalog/documents.ts";

/** What somebody with access sees of a document; its address is added by who answers. */
export interface DocumentSummary {
  id: string;
  title: string;
  snippet: string;
  role: Role;
  createdAt: number;
  updatedAt: number;
  trashedAt: number | null;
  owner: { id: string; name: string };
}

/** What a document without a name is called. */
export const UNTITLED = "Untitled";

export function summaryOf(row: DocumentRow, role: Role): DocumentSummary {
  const { id, title, snippet, createdAt, updatedAt, trashedAt, ownerId, ownerName } = row;
  return {
    id,
    title,
    snippet,
    role,
    createdAt,
    updatedAt,
    trashedAt,
    owner: { id: ownerId, name: ownerName },
  };
}

/** The summary of a document that was there a moment ago. @throws NOT_FOUND where it was deleted meanwhile */
export async function summaryFrom(
  catalog: Catalog,
  documentId: string,
  role: Role,
): Promise<DocumentSummary> {
  const row = await catalog.documents.find(documentId);
  if (!row) throw new AppError("NOT_FOUND");
  return summaryOf(row, role);
}
