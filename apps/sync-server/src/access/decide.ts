import { type Role, strongest, weakest } from "@octavo/schema";
import type { Identity } from "../accounts/identity.ts";
import type { AccessFacts } from "../storage/catalog/documents.ts";

/** What somebody may do with a document by the catalog's facts alone; undefined for nothing. */
export function roleFrom(facts: AccessFacts, userId: string | undefined): Role | undefined {
  if (userId !== undefined && facts.ownerId === userId) return "owner";
  return [facts.grantRole ?? undefined, ...facts.linkRoles].reduce(strongest, undefined);
}

/** A token gives its own role, but never more than its maker has at this moment. */
export function roleOfToken(claimed: Role, makersRole: Role | undefined): Role | undefined {
  return makersRole === undefined ? undefined : weakest(claimed, makersRole);
}

/** The account behind an identity; undefined for guests and tokens. */
export function accountOf(identity: Identity | undefined): string | undefined {
  return identity?.kind === "user" || identity?.kind === "api-key" ? identity.userId : undefined;
}
