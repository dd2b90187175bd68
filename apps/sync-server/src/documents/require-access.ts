import { type Action, AppError, can } from "@octavo/schema";
import type { AccessControl, Standing } from "../access/create-access.ts";
import type { Identity } from "../accounts/identity.ts";

/**
 * What the asker may do with the document, if that allows the action. Who may not even see it is answered like
 * somebody who asks for a document that does not exist.
 * @throws NOT_FOUND, FORBIDDEN
 */
export async function requireAccess(
  access: AccessControl,
  identity: Identity | undefined,
  documentId: string,
  action: Action,
): Promise<Standing> {
  const standing = await access.standing(identity, documentId);
  if (!standing) throw new AppError("NOT_FOUND");
  if (!can(standing.role, action)) throw new AppError("FORBIDDEN");
  return standing;
}
