import type { Kysely } from "kysely";
import type { InvitationTable, Tables } from "./tables.ts";

export type InvitationRow = InvitationTable;

/** Invitations to open an account; `People.create` uses them up. */
export interface Invitations {
  insert(invitation: InvitationRow): Promise<void>;
  /** Those that can still be used, oldest first. */
  open(now: number): Promise<InvitationRow[]>;
  /** False where there is no such open invitation. */
  delete(invitationId: string): Promise<boolean>;
}

export function invitations(db: Kysely<Tables>): Invitations {
  return {
    async insert(invitation) {
      await db.insertInto("invitations").values(invitation).execute();
    },
    open: now =>
      db
        .selectFrom("invitations")
        .selectAll()
        .where("usedAt", "is", null)
        .where("expiresAt", ">", now)
        .orderBy("createdAt")
        .orderBy("id")
        .execute(),
    async delete(invitationId) {
      const { numDeletedRows } = await db
        .deleteFrom("invitations")
        .where("id", "=", invitationId)
        .where("usedAt", "is", null)
        .executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    },
  };
}
