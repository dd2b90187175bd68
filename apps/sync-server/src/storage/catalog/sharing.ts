import type { Role } from "@octavo/schema";
import type { Kysely } from "kysely";
import type { LinkTable, Tables } from "./tables.ts";

export type LinkRow = LinkTable;

/** Who may what besides the owner: grants to accounts, and links with those who came by them. */
export interface Sharing {
  setGrant(documentId: string, userId: string, role: Role, now: number): Promise<void>;
  removeGrant(documentId: string, userId: string): Promise<void>;
  insertLink(link: LinkRow): Promise<void>;
  /** Live links of a document, oldest first. */
  links(documentId: string): Promise<LinkRow[]>;
  /** The live link with that secret. */
  findLink(secretHash: string): Promise<LinkRow | undefined>;
  /** False where the document has no such live link. */
  revokeLink(documentId: string, linkId: string, now: number): Promise<boolean>;
  recordVisit(linkId: string, actor: string, now: number): Promise<void>;
  /** Gives one actor's visits to another; answers the documents concerned. */
  moveVisits(from: string, to: string): Promise<string[]>;
}

export function sharing(db: Kysely<Tables>): Sharing {
  return {
    async setGrant(documentId, userId, role, now) {
      await db
        .insertInto("grants")
        .values({ documentId, userId, role, createdAt: now })
        .onConflict(conflict => conflict.columns(["documentId", "userId"]).doUpdateSet({ role }))
        .execute();
    },
    async removeGrant(documentId, userId) {
      await db
        .deleteFrom("grants")
        .where("documentId", "=", documentId)
        .where("userId", "=", userId)
        .execute();
    },
    async insertLink(link) {
      await db.insertInto("links").values(link).execute();
    },
    links: documentId =>
      db
        .selectFrom("links")
        .selectAll()
        .where("documentId", "=", documentId)
        .where("revokedAt", "is", null)
        .orderBy("createdAt")
        .orderBy("id")
        .execute(),
    findLink: secretHash =>
      db
        .selectFrom("links")
        .selectAll()
        .where("secretHash", "=", secretHash)
        .where("revokedAt", "is", null)
        .executeTakeFirst(),
    async revokeLink(documentId, linkId, now) {
      const { numUpdatedRows } = await db
        .updateTable("links")
        .set({ revokedAt: now })
        .where("id", "=", linkId)
        .where("documentId", "=", documentId)
        .where("revokedAt", "is", null)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },
    async recordVisit(linkId, actor, now) {
      await db
        .insertInto("link_visits")
        .values({ linkId, actor, at: now })
        .onConflict(conflict => conflict.doNothing())
        .execute();
    },
    moveVisits: (from, to) =>
      db.transaction().execute(async transaction => {
        const visits = await transaction
          .selectFrom("link_visits")
          .innerJoin("links", "links.id", "link_visits.linkId")
          .select(["link_visits.linkId", "link_visits.at", "links.documentId"])
          .where("actor", "=", from)
          .execute();
        for (const { linkId, at } of visits) {
          await transaction
            .insertInto("link_visits")
            .values({ linkId, actor: to, at })
            .onConflict(conflict => conflict.doNothing())
            .execute();
        }
        await transaction.deleteFrom("link_visits").where("actor", "=", from).execute();
        return [...new Set(visits.map(visit => visit.documentId))];
      }),
  };
}
