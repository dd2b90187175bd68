import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

export type ApiKeyRow = Tables["api_keys"];

/** Keys for programs that act for an account. Only the hash is stored. */
export interface ApiKeys {
  insert(key: ApiKeyRow): Promise<void>;
  findByHash(keyHash: string): Promise<ApiKeyRow | undefined>;
  /** Undefined once the key was deleted. */
  find(keyId: string): Promise<ApiKeyRow | undefined>;
  list(userId: string): Promise<ApiKeyRow[]>;
  /** False where the account has no such key. */
  delete(userId: string, keyId: string): Promise<boolean>;
}

export function apiKeys(db: Kysely<Tables>): ApiKeys {
  const rows = () => db.selectFrom("api_keys").selectAll();
  return {
    async insert(key) {
      await db.insertInto("api_keys").values(key).execute();
    },
    findByHash: keyHash => rows().where("keyHash", "=", keyHash).executeTakeFirst(),
    find: keyId => rows().where("id", "=", keyId).executeTakeFirst(),
    list: userId => rows().where("userId", "=", userId).orderBy("createdAt").orderBy("id").execute(),
    async delete(userId, keyId) {
      const { numDeletedRows } = await db
        .deleteFrom("api_keys")
        .where("id", "=", keyId)
        .where("userId", "=", userId)
        .executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    },
  };
}
