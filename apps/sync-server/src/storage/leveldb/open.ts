import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { LIMITS } from "@octavo/schema";
import type { Logger } from "pino";
import type { Clock } from "../../clock.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { DataDirectoryError } from "../data-directory-error.ts";
import type { DocumentStore } from "../document-store.ts";
import { GroupCommit, type GroupCommitOptions } from "../group-commit.ts";
import { Database, type LevelFactory, type Operation } from "./database.ts";
import { Documents } from "./documents.ts";
import { failureReason } from "./failure-reason.ts";
import { storeKey } from "./keys.ts";
import { LevelDocumentStore, probeOperation } from "./level-document-store.ts";
import { LevelUpdateLog } from "./level-update-log.ts";
import { findDatabase, type Marker, parseMarker, readMarker, STORE_FORMAT, writeMarker } from "./marker.ts";
import { DamagedRecord, decodeText, encodeText } from "./record.ts";

/** What the store measures: each group commit, and each one that failed. */
export type StoreMetrics = Pick<Metrics, "commitSeconds" | "storeErrors">;

export interface LevelDocumentStoreOptions {
  /** The database's folder, `DATA_DIR/documents`; the marker `VERSION` stands beside it. */
  directory: string;
  clock: Clock;
  log?: Logger;
  metrics?: StoreMetrics;
  /** Makes the database handle; tests give one that fails. */
  level?: LevelFactory;
  /** Waits between attempts to reopen; tests give one that does not wait. */
  delay?: GroupCommitOptions["delay"];
}

const FORMAT_KEY = storeKey("format");

/**
 * Opens the document store, makes it on the very first start and never again. The caller holds the lock on the data
 * directory. @throws DataDirectoryError
 */
export async function openLevelDocumentStore(options: LevelDocumentStoreOptions): Promise<DocumentStore> {
  const { directory, clock, log, metrics, level, delay } = options;
  const database = new Database(directory, level);
  await openMarked(database, directory, clock);

  const documents = new Documents(database);
  const commit = new GroupCommit<Operation>(
    {
      write: operations => measured(metrics, () => database.write(operations)),
      reopen: async () => {
        await database.reopen();
        await updates.verify();
        await database.write([probeOperation(clock)]);
      },
      reasonOf: failureReason,
    },
    { maxWaitingBytes: LIMITS.pendingAppendBytes, ...(delay && { delay }) },
  );
  const updates = new LevelUpdateLog(database, documents, commit, clock);
  const store = new LevelDocumentStore({ database, documents, commit, updates, clock });
  commit.onState(state => {
    if (state.writable) log?.info({ event: "store.recovered" });
    else log?.error({ event: "store.failed", reason: state.reason });
  });
  await startOrClose(store);
  return store;
}

async function startOrClose(store: LevelDocumentStore): Promise<void> {
  try {
    await store.start();
  } catch (error) {
    await store.close();
    if (!(error instanceof DamagedRecord)) throw error;
    throw new DataDirectoryError("DATA_DAMAGED", `the database's beginning is damaged: ${error.message}`, {
      cause: error,
    });
  }
}

async function measured(metrics: StoreMetrics | undefined, write: () => Promise<void>): Promise<void> {
  const end = metrics?.commitSeconds.startTimer();
  try {
    await write();
  } catch (error) {
    metrics?.storeErrors.inc();
    throw error;
  }
  end?.();
}

async function openMarked(database: Database, directory: string, clock: Clock): Promise<void> {
  const file = join(dirname(directory), "VERSION");
  const outside = await readMarker(file);
  const isThere = await findDatabase(directory, outside);
  await openOrExplain(database, directory, !isThere);
  try {
    const inside = await markerInside(database);
    if (outside && !inside) {
      throw new DataDirectoryError("DATA_DAMAGED", `${directory}: the database has lost its beginning`);
    }
    if (outside && inside && outside.storeId !== inside.storeId) {
      throw new DataDirectoryError(
        "DATA_DAMAGED",
        `${directory} belongs to another installation than ${file}`,
      );
    }
    if (outside) return;
    const marker = inside ?? (await markInside(database, clock));
    await writeMarker(file, marker);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openOrExplain(database: Database, directory: string, isNew: boolean): Promise<void> {
  try {
    await database.open({ isNew });
  } catch (error) {
    const isLocked =
      error instanceof Error && (error.cause as NodeJS.ErrnoException)?.code === "LEVEL_LOCKED";
    throw new DataDirectoryError(
      isLocked ? "DATA_IN_USE" : "DATA_DAMAGED",
      isLocked
        ? `data is in use by another process (${directory})`
        : `${directory} could not be opened: ${explain(error)}`,
      { cause: error },
    );
  }
}

async function markerInside(database: Database): Promise<Marker | undefined> {
  const value = await database.get(FORMAT_KEY);
  if (!value) return undefined;
  try {
    return parseMarker(decodeText(FORMAT_KEY, value), "the database");
  } catch (error) {
    if (!(error instanceof DamagedRecord)) throw error;
    throw new DataDirectoryError("DATA_DAMAGED", `the database's beginning is damaged: ${error.message}`, {
      cause: error,
    });
  }
}

async function markInside(database: Database, clock: Clock): Promise<Marker> {
  const createdAt = new Date(clock.now()).toISOString();
  const marker: Marker = { format: STORE_FORMAT, storeId: randomUUID(), createdAt };
  await database.write([
    { type: "put", key: FORMAT_KEY, value: encodeText(FORMAT_KEY, JSON.stringify(marker)) },
  ]);
  return marker;
}

/** LevelDB's own words are in the cause. */
function explain(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
