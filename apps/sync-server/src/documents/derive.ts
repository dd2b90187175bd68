import { AppError } from "@octavo/schema";
import type { Derived } from "../storage/catalog/documents.ts";
import { listEntryOf } from "./digest.ts";
import type { DocumentsParts } from "./parts.ts";

/** Lists need not follow every keystroke. */
const DELAY_MS = 2_000;
/** A pass that took long is followed by a pause this many times as long: deriving takes a fiftieth of the time at most. */
const PAUSE_FACTOR = 50;
/** A later time of change alone is worth a row this often: lists tell minutes, and a row is some pages of the catalog. */
const TOUCH_MS = 60_000;
/** Rows remembered, to see what is new in the next ones. */
const MAX_KNOWN = 10_000;
/** Documents looked at and written in one turn of the event loop: some 2 ms with the catalog's fsync. */
const SLICE = 16;

export interface Deriving {
  /** Derives what is still waiting and ends. Before the rooms and the catalog close. */
  close(): Promise<void>;
}

/**
 * Keeps title, snippet and time of change in the catalog behind the text. One pass at a time over everything that
 * changed, a few documents a turn: the catalog and its fsync are on the main thread.
 */
export function startDeriving(
  { catalog, rooms, clock, log }: DocumentsParts,
  delayMs: number = DELAY_MS,
): Deriving {
  const changed = new Set<string>();
  /** What was written last, the latest at the end. */
  const known = new Map<string, Derived>();
  /** Changed since, in nothing but the time. */
  const touched = new Map<string, Derived>();
  let timer: NodeJS.Timeout | undefined;
  let touchTimer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let closed = false;

  const stopListening = rooms.onText(documentId => {
    changed.add(documentId);
    schedule(delayMs);
  });

  const schedule = (ms: number) => {
    if (timer || closed) return;
    timer = setTimeout(() => {
      running = pass();
    }, ms);
  };

  /** The next pass writes what waits; a document that changes meanwhile brings it about as well. */
  const touch = () => {
    touchTimer = undefined;
    schedule(0);
  };

  const pass = async () => {
    const startedAt = clock.monotonic();
    const documentIds = [...changed];
    changed.clear();
    try {
      for (let from = 0; from < documentIds.length; from += SLICE) {
        await new Promise(resolve => setImmediate(resolve));
        await deriveSlice(documentIds.slice(from, from + SLICE));
      }
      await writeTouched(closed);
    } catch (error) {
      // Derived rows can be made again at any time; they must not end the process.
      log.error({ event: "documents.derive-failed", error });
    }
    timer = undefined;
    if (touched.size > 0 && !closed) touchTimer ??= setTimeout(touch, TOUCH_MS);
    if (changed.size > 0) schedule(Math.max(delayMs, PAUSE_FACTOR * (clock.monotonic() - startedAt)));
  };

  const deriveSlice = async (documentIds: readonly string[]) => {
    const rows: Derived[] = [];
    for (const documentId of documentIds) {
      const row = await derive(documentId);
      if (row === undefined) continue;
      if (isWorthARow(row)) rows.push(row);
      else touched.set(row.id, row);
    }
    await write(rows);
  };

  const isWorthARow = (row: Derived): boolean => {
    const last = known.get(row.id);
    if (last === undefined || last.title !== row.title || last.snippet !== row.snippet) return true;
    return row.updatedAt - last.updatedAt >= TOUCH_MS;
  };

  const write = async (rows: readonly Derived[]) => {
    if (rows.length === 0) return;
    for (const { id, title } of await catalog.documents.setDerived(rows))
      rooms.announce(id, { type: "title", title });
    for (const row of rows) {
      touched.delete(row.id);
      known.delete(row.id);
      known.set(row.id, row);
      if (known.size > MAX_KNOWN) known.delete(known.keys().next().value as string);
    }
  };

  /** Rows that only waited for their minute. */
  const writeTouched = async (isLast: boolean) => {
    const due = [...touched.values()].filter(row => {
      const since = clock.now() - (known.get(row.id)?.updatedAt ?? 0);
      return isLast || since >= TOUCH_MS;
    });
    for (let from = 0; from < due.length; from += SLICE) {
      await new Promise(resolve => setImmediate(resolve));
      await write(due.slice(from, from + SLICE));
    }
  };

  const derive = async (documentId: string): Promise<Derived | undefined> => {
    try {
      const { title, snippet } = listEntryOf(await rooms.readBeginning(documentId));
      return { id: documentId, snippet, title, updatedAt: clock.now() };
    } catch (error) {
      // Deleted since, or not readable: then whoever opens it is told, and the list keeps what it knew.
      if (!(error instanceof AppError)) throw error;
      log.info({ event: "documents.derive-skipped", documentId, code: error.code });
      return undefined;
    }
  };

  return {
    async close() {
      stopListening();
      closed = true;
      clearTimeout(timer);
      clearTimeout(touchTimer);
      await running;
      if (changed.size + touched.size > 0) await pass();
    },
  };
}
