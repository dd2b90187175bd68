import { statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { newId } from "@octavo/schema";
import { type TemporaryDirectory, temporaryDirectory } from "@octavo/test-kit";
import { sql } from "kysely";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../clock.ts";
import { type Catalog, openCatalog } from "./catalog.ts";

const directories: TemporaryDirectory[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await directory.remove();
});
const newFile = async () => {
  const directory = await temporaryDirectory();
  directories.push(directory);
  return join(directory.path, "catalog.sqlite");
};
const open = async () => {
  const file = await newFile();
  return { file, catalog: await openCatalog({ file, clock: systemClock }) };
};
const person = (name: string) => ({ name, email: `${name}@example.com`, passwordHash: "x" });
const document = (ownerId: string, updatedAt: number, title = "T") => ({
  id: newId(),
  ownerId,
  title,
  titleDerived: 1,
  snippet: "",
  createdAt: 0,
  updatedAt,
  trashedAt: null,
});
const owner = async (catalog: Catalog) => (await catalog.people.create(person("ada"), { first: true }, 0)).id;

test("the file is the owner's alone, with a write-ahead log and foreign keys", async () => {
  const { catalog, file } = await open();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(`${file}-wal`).mode & 0o777).toBe(0o600);
  await expect(catalog.documents.insert(document("nobody", 0))).rejects.toThrow(/FOREIGN KEY/);
  await catalog.close();
  const database = new DatabaseSync(file);
  expect(database.prepare("pragma journal_mode").get()).toEqual({ journal_mode: "wal" });
  database.close();
});

test("a second start finds everything and applies no step twice", async () => {
  const { catalog, file } = await open();
  const id = await owner(catalog);
  await catalog.close();
  const again = await openCatalog({ file, clock: systemClock });
  expect(await again.people.find(id)).toMatchObject({ name: "ada", administrator: true });
  await again.close();
});

test("a catalog of a newer version is refused with a reason, and left as it is", async () => {
  const { catalog, file } = await open();
  await catalog.close();
  const database = new DatabaseSync(file);
  database.exec("insert into migrations values (999, 'from the future', 0)");
  database.close();
  await expect(openCatalog({ file, clock: systemClock })).rejects.toThrow(
    /newer Octavo \(form 999; this version knows \d+\)/,
  );
});

test("a step that fails leaves nothing of itself behind", async () => {
  const file = await newFile();
  const database = new DatabaseSync(file);
  // In the way of the first step, in its middle.
  database.exec("create table links (id integer)");
  database.close();
  await expect(openCatalog({ file, clock: systemClock })).rejects.toThrow(/could not be brought to form 1/);
  const after = new DatabaseSync(file);
  const tables = after.prepare("select name from sqlite_master where type = 'table' order by name").all();
  expect(tables.map(row => row.name)).toEqual(["links", "migrations"]);
  after.close();
});

test("documents of the same moment are paged without gap or repetition", async () => {
  const { catalog } = await open();
  const userId = await owner(catalog);
  const ids: string[] = [];
  for (let i = 0; i < 10; i++) {
    const row = document(userId, i < 5 ? 7 : 8);
    ids.push(row.id);
    await catalog.documents.insert(row);
  }
  const seen: string[] = [];
  let after: { updatedAt: number; id: string } | undefined;
  do {
    const page = await catalog.documents.list(
      { userId, actor: `user:${userId}` },
      { trashed: false, limit: 3, ...(after && { after }) },
    );
    seen.push(...page.map(row => row.id));
    after = page.at(-1);
  } while (after);
  expect([...seen].sort()).toEqual(ids.sort());
  await catalog.close();
});

test("deleting a document takes its grants, links and visits with it", async () => {
  const { catalog } = await open();
  const ownerId = await owner(catalog);
  const row = document(ownerId, 1);
  await catalog.documents.insert(row);
  const link = {
    id: newId(),
    documentId: row.id,
    role: "viewer" as const,
    secretHash: "h",
    secretSealed: "s",
    createdAt: 0,
    revokedAt: null,
  };
  await catalog.sharing.insertLink(link);
  await catalog.sharing.recordVisit(link.id, "guest:g", 0);
  await catalog.sharing.setGrant(row.id, ownerId, "editor", 0);
  await catalog.documents.delete(row.id);
  expect(await catalog.sharing.findLink("h")).toBeUndefined();
  expect(await catalog.sharing.moveVisits("guest:g", "user:u")).toEqual([]);
  await catalog.close();
});

test("a title that somebody gave is not replaced by a derived one", async () => {
  const { catalog } = await open();
  const ownerId = await owner(catalog);
  const [derived, given] = [document(ownerId, 1, "Old"), document(ownerId, 1, "Old")];
  await catalog.documents.insert(derived);
  await catalog.documents.insert(given);
  await catalog.documents.rename(given.id, { title: "Given", derived: false }, 2);
  const rows = [derived, given].map(({ id }) => ({ id, title: "New", snippet: "New text", updatedAt: 3 }));
  expect(await catalog.documents.setDerived(rows)).toEqual([{ id: derived.id, title: "New" }]);
  expect(await catalog.documents.find(given.id)).toMatchObject({
    title: "Given",
    snippet: "New text",
    updatedAt: 3,
  });
  await catalog.close();
});

test("a full disk is told as such, and what was there before stays readable", async () => {
  const { catalog } = await open();
  const ownerId = await owner(catalog);
  await sql`pragma max_page_count = 1`.execute(catalog.authDatabase);
  const fill = async () => {
    for (let i = 0; i < 50; i++) await catalog.documents.insert(document(ownerId, i, "x".repeat(300)));
  };
  await expect(fill()).rejects.toMatchObject({ code: "APPEND_FAILED" });
  expect(await catalog.people.count()).toBe(1);
  await sql`pragma max_page_count = 1000000`.execute(catalog.authDatabase);
  await fill();
  await catalog.close();
});
