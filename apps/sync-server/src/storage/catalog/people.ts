import { AppError, newId } from "@octavo/schema";
import { PRESENCE_COLORS } from "@octavo/schema/protocol";
import type { Kysely, Transaction } from "kysely";
import type { Tables } from "./tables.ts";

/** An account as the rest of the server sees it. */
export interface Person {
  id: string;
  name: string;
  email: string;
  color: number;
  administrator: boolean;
}

export interface NewPerson {
  name: string;
  email: string;
  passwordHash: string;
}

/** What allows an account to arise: being the first one, or an unused invitation. */
export type Admission = { first: true } | { invitationHash: string };

/** Accounts and their sessions; Better Auth writes the sessions, this reads them. */
export interface People {
  count(): Promise<number>;
  find(userId: string): Promise<Person | undefined>;
  /**
   * Checks the admission and creates the account in one transaction, so that neither the first administrator nor
   * an invitation can be had twice.
   * @throws CONFLICT there is an account already (`first`), or the e-mail has one
   * @throws NOT_FOUND the invitation is unknown, used, expired or for another address
   */
  create(person: NewPerson, admission: Admission, now: number): Promise<Person>;
  /** False as soon as somebody signed out or the session ran out. */
  sessionLives(sessionId: string, now: number): Promise<boolean>;
}

export function people(db: Kysely<Tables>): People {
  return {
    async count() {
      const { count } = await db
        .selectFrom("user")
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      return count;
    },
    async find(userId) {
      const row = await db.selectFrom("user").selectAll().where("id", "=", userId).executeTakeFirst();
      return (
        row && {
          id: row.id,
          name: row.name,
          email: row.email,
          color: row.color,
          administrator: row.administrator === 1,
        }
      );
    },
    create: (person, admission, now) =>
      db.transaction().execute(async transaction => {
        await admit(transaction, admission, person.email.toLowerCase(), now);
        return insert(transaction, person, "first" in admission, now);
      }),
    async sessionLives(sessionId, now) {
      const row = await db
        .selectFrom("session")
        .select("id")
        .where("id", "=", sessionId)
        .where("expiresAt", ">", new Date(now).toISOString())
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}

async function admit(
  db: Transaction<Tables>,
  admission: Admission,
  email: string,
  now: number,
): Promise<void> {
  if ("first" in admission) {
    if (await db.selectFrom("user").select("id").limit(1).executeTakeFirst()) throw new AppError("CONFLICT");
    return;
  }
  const { numUpdatedRows } = await db
    .updateTable("invitations")
    .set({ usedAt: now })
    .where("secretHash", "=", admission.invitationHash)
    .where("usedAt", "is", null)
    .where("expiresAt", ">", now)
    .where(({ eb, or }) => or([eb("email", "is", null), eb("email", "=", email)]))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) throw new AppError("NOT_FOUND");
}

async function insert(
  db: Transaction<Tables>,
  person: NewPerson,
  administrator: boolean,
  now: number,
): Promise<Person> {
  const email = person.email.toLowerCase();
  if (await db.selectFrom("user").select("id").where("email", "=", email).executeTakeFirst()) {
    throw new AppError("CONFLICT", "This e-mail address has an account already.", {
      details: { errors: [{ path: "email", message: "This e-mail address has an account already." }] },
    });
  }
  const id = newId();
  const at = new Date(now).toISOString();
  const color = await leastUsedColor(db);
  const dates = { createdAt: at, updatedAt: at };
  await db
    .insertInto("user")
    .values({
      id,
      name: person.name,
      email,
      emailVerified: 0,
      image: null,
      color,
      administrator: administrator ? 1 : 0,
      ...dates,
    })
    .execute();
  await db
    .insertInto("account")
    .values({
      id: newId(),
      accountId: id,
      providerId: "credential",
      userId: id,
      password: person.passwordHash,
      ...dates,
    })
    .execute();
  return { id, name: person.name, email, color, administrator };
}

async function leastUsedColor(db: Transaction<Tables>): Promise<number> {
  const rows = await db
    .selectFrom("user")
    .select(({ fn }) => ["color", fn.countAll<number>().as("count")])
    .groupBy("color")
    .execute();
  const uses = PRESENCE_COLORS.map((_, color) => rows.find(row => row.color === color)?.count ?? 0);
  return uses.indexOf(Math.min(...uses));
}
