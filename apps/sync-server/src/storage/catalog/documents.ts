import type { Role } from "@octavo/schema";
import { type Kysely, sql } from "kysely";
import type { DocumentTable, Tables } from "./tables.ts";

/** A document's row. The text itself is in the document store; title and snippet are derived from it. */
export interface DocumentRow extends Omit<DocumentTable, "titleDerived"> {
  titleDerived: boolean;
  ownerName: string;
}

/** A row in somebody's list, with what they may do. */
export interface ListedDocument extends DocumentRow {
  grantRole: Role | null;
  linkRoles: Role[];
}

/** Place in a list: the last row seen. */
export interface ListPosition {
  updatedAt: number;
  id: string;
}

/** What the text says about itself. */
export interface Derived {
  id: string;
  snippet: string;
  /** First heading; used only while nobody gave a title. Undefined leaves the title as it is. */
  title: string | undefined;
  updatedAt: number;
}

/** What decides somebody's access to a document, besides who they are. */
export interface AccessFacts {
  ownerId: string;
  trashedAt: number | null;
  grantRole: Role | null;
  /** Roles of the live links that this actor came by. */
  linkRoles: Role[];
}

export interface DocumentRows {
  insert(row: DocumentTable): Promise<void>;
  find(documentId: string): Promise<DocumentRow | undefined>;
  /** Newest first; only what the person owns, was granted or came to by a live link; the trash shows what they own. */
  list(
    person: { userId: string; actor: string },
    page: { trashed: boolean; after?: ListPosition; limit: number },
  ): Promise<ListedDocument[]>;
  /** `derived`: the title goes on following the first heading. */
  rename(documentId: string, name: { title: string; derived: boolean }, now: number): Promise<void>;
  setTrashed(documentId: string, trashedAt: number | null): Promise<void>;
  /** All in one transaction, and thus one fsync. Answers the documents whose shown title changed. */
  setDerived(rows: readonly Derived[]): Promise<{ id: string; title: string }[]>;
  /** Removes the row with its grants and links. */
  delete(documentId: string): Promise<void>;
  facts(
    documentId: string,
    person: { userId: string | undefined; actor: string },
  ): Promise<AccessFacts | undefined>;
}

export function documentRows(db: Kysely<Tables>): DocumentRows {
  const withOwner = () =>
    db
      .selectFrom("documents")
      .innerJoin("user", "user.id", "documents.ownerId")
      .selectAll("documents")
      .select("user.name as ownerName");

  return {
    async insert(row) {
      await db.insertInto("documents").values(row).execute();
    },
    async find(documentId) {
      const row = await withOwner().where("documents.id", "=", documentId).executeTakeFirst();
      return row && { ...row, titleDerived: row.titleDerived === 1 };
    },
    async list({ userId, actor }, { trashed, after, limit }) {
      const rows = await withOwner()
        .select([grantRole(userId).as("grantRole"), linkRoles(actor).as("linkRoles")])
        .where(({ eb, selectFrom }) => {
          const owned = selectFrom("documents").select("id").where("ownerId", "=", userId);
          if (trashed) return eb("documents.id", "in", owned);
          const granted = selectFrom("grants").select("documentId as id").where("userId", "=", userId);
          const visited = selectFrom("link_visits")
            .innerJoin("links", "links.id", "link_visits.linkId")
            .select("links.documentId as id")
            .where("link_visits.actor", "=", actor)
            .where("links.revokedAt", "is", null);
          return eb("documents.id", "in", owned.union(granted).union(visited));
        })
        .where("documents.trashedAt", trashed ? "is not" : "is", null)
        .$if(after !== undefined, query =>
          query.where(
            sql<boolean>`(documents.updatedAt, documents.id) < (${after?.updatedAt}, ${after?.id})`,
          ),
        )
        .orderBy("documents.updatedAt", "desc")
        .orderBy("documents.id", "desc")
        .limit(limit)
        .execute();
      return rows.map(row => ({
        ...row,
        titleDerived: row.titleDerived === 1,
        linkRoles: rolesOf(row.linkRoles),
      }));
    },
    async rename(documentId, { title, derived }, now) {
      await db
        .updateTable("documents")
        .set({ title, titleDerived: derived ? 1 : 0, updatedAt: now })
        .where("id", "=", documentId)
        .execute();
    },
    async setTrashed(documentId, trashedAt) {
      await db.updateTable("documents").set({ trashedAt }).where("id", "=", documentId).execute();
    },
    setDerived: rows =>
      db.transaction().execute(async transaction => {
        const renamed: { id: string; title: string }[] = [];
        const ids = rows.map(({ id }) => id);
        const known = await transaction
          .selectFrom("documents")
          .select(["id", "title", "titleDerived"])
          .where("id", "in", ids)
          .execute();
        const titles = new Map(known.map(row => [row.id, row]));
        for (const { id, snippet, title, updatedAt } of rows) {
          const row = titles.get(id);
          const isRenamed = title !== undefined && row?.titleDerived === 1 && row.title !== title;
          await transaction
            .updateTable("documents")
            .set({ snippet, updatedAt, ...(isRenamed && { title }) })
            .where("id", "=", id)
            .execute();
          if (isRenamed) renamed.push({ id, title });
        }
        return renamed;
      }),
    async delete(documentId) {
      await db.deleteFrom("documents").where("id", "=", documentId).execute();
    },
    async facts(documentId, { userId, actor }) {
      const row = await db
        .selectFrom("documents")
        .select(["ownerId", "trashedAt", grantRole(userId).as("grantRole"), linkRoles(actor).as("linkRoles")])
        .where("id", "=", documentId)
        .executeTakeFirst();
      return row && { ...row, linkRoles: rolesOf(row.linkRoles) };
    },
  };
}

const grantRole = (userId: string | undefined) =>
  sql<Role | null>`(select role from grants where documentId = documents.id and userId = ${userId ?? null})`;

const linkRoles = (actor: string) =>
  sql<
    string | null
  >`(select group_concat(distinct links.role) from link_visits join links on links.id = link_visits.linkId
    where links.documentId = documents.id and links.revokedAt is null and link_visits.actor = ${actor})`;

const rolesOf = (joined: string | null) => (joined === null ? [] : (joined.split(",") as Role[]));
