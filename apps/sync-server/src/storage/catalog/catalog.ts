import type { Kysely } from "kysely";
import type { Clock } from "../../clock.ts";
import { type ApiKeys, apiKeys } from "./api-keys.ts";
import { type DocumentRows, documentRows } from "./documents.ts";
import { type Invitations, invitations } from "./invitations.ts";
import { migrate } from "./migrations.ts";
import { type People, people } from "./people.ts";
import { type Sharing, sharing } from "./sharing.ts";
import { kyselyOver, openSqlite } from "./sqlite.ts";
import type { Tables } from "./tables.ts";

/** What people list, search and are allowed: one SQLite file. A promise that resolves means: on disk. */
export interface Catalog {
  readonly people: People;
  readonly documents: DocumentRows;
  readonly sharing: Sharing;
  readonly invitations: Invitations;
  readonly apiKeys: ApiKeys;
  /**
   * For Better Auth alone, which writes its sessions into the same file. It must not open transactions on it:
   * a listener of one of its events would wait for the transaction that waits for the listener.
   */
  readonly authDatabase: Kysely<Tables>;
  close(): Promise<void>;
}

/**
 * Opens the catalog, creating or migrating the file. The caller closes it.
 * @throws Error where a newer Octavo wrote it
 */
export async function openCatalog({ file, clock }: { file: string; clock: Clock }): Promise<Catalog> {
  const database = openSqlite(file);
  try {
    migrate(database, clock.now());
  } catch (error) {
    database.close();
    throw error;
  }
  const db = kyselyOver(database);
  return {
    people: people(db),
    documents: documentRows(db),
    sharing: sharing(db),
    invitations: invitations(db),
    apiKeys: apiKeys(db),
    authDatabase: db,
    async close() {
      // Destroying Kysely closes a database it has used and leaves alone one it has not.
      await db.destroy();
      if (database.isOpen) database.close();
    },
  };
}
