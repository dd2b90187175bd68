import { join } from "node:path";
import { newId } from "@octavo/schema";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { signToken } from "@octavo/sync-server/accounts/access-token";
import { keyFor } from "@octavo/sync-server/accounts/keys";
import { systemClock } from "@octavo/sync-server/clock";
import { openCatalog } from "@octavo/sync-server/storage/catalog/catalog";
import { Database } from "@octavo/sync-server/storage/leveldb/database";
import { checkpointRange, documentKey } from "@octavo/sync-server/storage/leveldb/keys";
import { openLevelDocumentStore } from "@octavo/sync-server/storage/leveldb/open";
import { decodeDocument } from "@octavo/sync-server/storage/leveldb/record";
import { readSecrets } from "@octavo/sync-server/storage/secrets";
import { convertUpdateFormatV1ToV2, Doc, encodeStateAsUpdate, parseUpdateMeta, XmlElement } from "yjs";

const OWNER = { name: "Bench", email: "bench@example.org", passwordHash: "nobody signs in with this" };
const TOKEN_SECONDS = 12 * 60 * 60;

/** What a benchmark may do with an installation whose server need not run. */
export interface Installation {
  /** An access token of the owner's for an editor of that name. */
  token(documentId: string, person: string): Promise<string>;
}

/**
 * Puts documents into a data directory without a server: through the store and the catalog, each with a checkpoint,
 * as a room leaves it. Thousands of them in a second.
 */
export async function seedOctavo(
  dataDirectory: string,
  updates: readonly (Uint8Array | undefined)[],
): Promise<string[]> {
  const clock = systemClock;
  await readSecrets(dataDirectory);
  const catalog = await openCatalog({ file: join(dataDirectory, "catalog.sqlite"), clock });
  const store = await openLevelDocumentStore({ directory: join(dataDirectory, "documents"), clock });
  try {
    const owner = await catalog.people.create(OWNER, { first: true }, clock.now());
    const now = clock.now();
    return await Promise.all(
      updates.map(async (given, index) => {
        const update = given ?? emptyDocument();
        const id = newId();
        await store.create(
          { documentId: id, epoch: 1, schemaVersion: SCHEMA_VERSION, kind: "document", createdAt: now },
          { update, actor: `user:${owner.id}`, claims: [...parseUpdateMeta(update).from.keys()] },
        );
        if (given !== undefined) {
          await store.checkpoints.write(id, { seq: 1, state: convertUpdateFormatV1ToV2(update), at: now });
        }
        await catalog.documents.insert({
          id,
          ownerId: owner.id,
          title: `Document ${index}`,
          titleDerived: 0,
          snippet: "",
          createdAt: now,
          updatedAt: now,
          trashedAt: null,
        });
        return id;
      }),
    );
  } finally {
    await store.close();
    await catalog.close();
  }
}

export async function readOctavo(dataDirectory: string): Promise<Installation> {
  const key = keyFor((await readSecrets(dataDirectory)).signing, "access token");
  const catalog = await openCatalog({ file: join(dataDirectory, "catalog.sqlite"), clock: systemClock });
  const { id } = await catalog.authDatabase.selectFrom("user").select("id").executeTakeFirstOrThrow();
  await catalog.close();
  return {
    token(documentId, person) {
      const iat = Math.floor(systemClock.now() / 1000);
      const claims = {
        doc: documentId,
        role: "editor" as const,
        iss: `user:${id}`,
        iat,
        exp: iat + TOKEN_SECONDS,
      };
      return signToken(key, { sub: person, name: person, ...claims });
    },
  };
}

/** Bytes of the newest checkpoint as they lie on disk, compressed. */
export async function checkpointBytes(
  dataDirectory: string,
  documentId: string,
): Promise<number | undefined> {
  const database = new Database(join(dataDirectory, "documents"));
  await database.open({ isNew: false });
  try {
    const key = documentKey(documentId);
    const record = await database.get(key);
    if (record === undefined) throw new TypeError(`There is no document ${documentId}`);
    const { docNo, checkpoints } = decodeDocument(key, record);
    const [newest] = checkpoints;
    if (newest === undefined) return undefined;
    let bytes = 0;
    for await (const [, value] of database.entries(checkpointRange(docNo, newest))) bytes += value.length;
    return bytes;
  } finally {
    await database.close();
  }
}

/** One empty paragraph, as the API creates it. */
function emptyDocument(): Uint8Array {
  const document = new Doc();
  document.getXmlFragment("default").insert(0, [new XmlElement("paragraph")]);
  const update = encodeStateAsUpdate(document);
  document.destroy();
  return update;
}
