import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { AppError } from "@octavo/schema";
import { Kysely, SqliteDialect } from "kysely";
import type { Tables } from "./tables.ts";

/** Prepared statements kept; the catalog has far fewer distinct queries than this. */
const MAX_STATEMENTS = 256;
const BUSY_TIMEOUT_MS = 5_000;

/** Opens the file so that a commit is on disk when it returns. The caller closes it. */
export function openSqlite(file: string): DatabaseSync {
  // Password hashes and sessions are for the owner of the machine alone; SQLite's other files take after this one.
  closeSync(openSync(file, "a", 0o600));
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  return database;
}

/** Kysely over Node's own SQLite. Destroying it closes the database. */
export function kyselyOver(database: DatabaseSync): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: withStatements(database) }) });
}

/** The shape Kysely's dialect expects (better-sqlite3's), on `DatabaseSync`. */
function withStatements(database: DatabaseSync) {
  const statements = new Map<string, ReturnType<typeof wrap>>();
  return {
    close: () => database.close(),
    prepare(text: string) {
      const known = statements.get(text);
      if (known) return known;
      if (statements.size >= MAX_STATEMENTS) statements.clear();
      const statement = wrap(database.prepare(text));
      statements.set(text, statement);
      return statement;
    },
  };
}

function wrap(statement: StatementSync) {
  return {
    reader: statement.columns().length > 0,
    all: (parameters: readonly unknown[]) => orDiskError(() => statement.all(...parameters.map(bindable))),
    run: (parameters: readonly unknown[]) => orDiskError(() => statement.run(...parameters.map(bindable))),
    iterate: (parameters: readonly unknown[]) => statement.iterate(...parameters.map(bindable)),
  };
}

/** SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL: the low byte of sqlite.org/rescode.html. */
const DISK_ERRORS = new Set([8, 10, 13]);

/** A disk that does not take writes is told apart from a mistake of ours. @throws APPEND_FAILED */
function orDiskError<T>(query: () => T): T {
  try {
    return query();
  } catch (cause) {
    const code = cause instanceof Error && "errcode" in cause ? Number(cause.errcode) & 0xff : 0;
    throw DISK_ERRORS.has(code) ? new AppError("APPEND_FAILED", undefined, { cause }) : cause;
  }
}

function bindable(value: unknown): SQLInputValue {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value === undefined) return null;
  return value as SQLInputValue;
}
