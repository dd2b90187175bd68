import type { DatabaseSync } from "node:sqlite";

interface Migration {
  name: string;
  sql: string;
}

/**
 * Forward only; the number is the place in this list, starting at 1. A released entry is never changed.
 * The tables `user`, `session`, `account` and `verification` are Better Auth's: columns as its own migration
 * would make them, kept here so that the whole file has one history. A test compares the two.
 */
const MIGRATIONS: readonly Migration[] = [
  {
    name: "accounts, documents, sharing",
    sql: `
      create table "user" (
        "id" text not null primary key, "name" text not null, "email" text not null unique,
        "emailVerified" integer not null, "image" text, "createdAt" date not null, "updatedAt" date not null,
        "color" integer not null, "administrator" integer not null
      );
      create table "session" (
        "id" text not null primary key, "expiresAt" date not null, "token" text not null unique,
        "createdAt" date not null, "updatedAt" date not null, "ipAddress" text, "userAgent" text,
        "userId" text not null references "user" ("id") on delete cascade
      );
      create table "account" (
        "id" text not null primary key, "accountId" text not null, "providerId" text not null,
        "userId" text not null references "user" ("id") on delete cascade,
        "accessToken" text, "refreshToken" text, "idToken" text, "accessTokenExpiresAt" date,
        "refreshTokenExpiresAt" date, "scope" text, "password" text, "createdAt" date not null, "updatedAt" date not null
      );
      create table "verification" (
        "id" text not null primary key, "identifier" text not null, "value" text not null,
        "expiresAt" date not null, "createdAt" date not null, "updatedAt" date not null
      );
      create index "session_userId_idx" on "session" ("userId");
      create index "account_userId_idx" on "account" ("userId");
      create index "verification_identifier_idx" on "verification" ("identifier");

      create table documents (
        id text not null primary key,
        ownerId text not null references "user" (id),
        title text not null,
        titleDerived integer not null,
        snippet text not null,
        createdAt integer not null,
        updatedAt integer not null,
        trashedAt integer
      ) strict, without rowid;
      create index documents_owner on documents (ownerId, updatedAt desc, id desc);

      create table grants (
        documentId text not null references documents (id) on delete cascade,
        userId text not null references "user" (id) on delete cascade,
        role text not null,
        createdAt integer not null,
        primary key (documentId, userId)
      ) strict, without rowid;
      create index grants_user on grants (userId);

      create table links (
        id text not null primary key,
        documentId text not null references documents (id) on delete cascade,
        role text not null,
        secretHash text not null unique,
        secretSealed text not null,
        createdAt integer not null,
        revokedAt integer
      ) strict, without rowid;
      create index links_document on links (documentId);

      create table link_visits (
        linkId text not null references links (id) on delete cascade,
        actor text not null,
        at integer not null,
        primary key (linkId, actor)
      ) strict, without rowid;
      create index link_visits_actor on link_visits (actor);

      create table invitations (
        id text not null primary key,
        secretHash text not null unique,
        secretSealed text not null,
        email text,
        createdAt integer not null,
        expiresAt integer not null,
        usedAt integer
      ) strict, without rowid;

      create table api_keys (
        id text not null primary key,
        userId text not null references "user" (id) on delete cascade,
        name text not null,
        keyHash text not null unique,
        createdAt integer not null
      ) strict, without rowid;
      create index api_keys_user on api_keys (userId);
    `,
  },
];

/**
 * Brings the database to the newest form, one transaction a step.
 * @throws Error when it was written by a newer Octavo: there is no way back
 */
export function migrate(database: DatabaseSync, now: number): void {
  database.exec(
    "create table if not exists migrations (number integer primary key, name text not null, appliedAt integer not null) strict",
  );
  const row = database.prepare("select coalesce(max(number), 0) as number from migrations").get();
  const applied = Number(row?.number);
  if (applied > MIGRATIONS.length) {
    throw new Error(
      `The catalog was written by a newer Octavo (form ${applied}; this version knows ${MIGRATIONS.length}). Start that version again, or restore a backup made before the upgrade.`,
    );
  }
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index >= applied) apply(database, index + 1, migration, now);
  }
}

function apply(database: DatabaseSync, number: number, migration: Migration, now: number): void {
  database.exec("begin immediate");
  try {
    database.exec(migration.sql);
    database.prepare("insert into migrations values (?, ?, ?)").run(number, migration.name, now);
    database.exec("commit");
  } catch (cause) {
    database.exec("rollback");
    throw new Error(`The catalog could not be brought to form ${number} (${migration.name}).`, { cause });
  }
}
