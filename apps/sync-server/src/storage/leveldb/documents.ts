import { AppError } from "@octavo/schema";
import { KeyedQueue } from "../keyed-queue.ts";
import type { Database } from "./database.ts";
import { actorRange, documentKey, logRange, readActorNo, readU64 } from "./keys.ts";
import { DamagedRecord, type DocumentRecord, decodeDocument, decodeText } from "./record.ts";

/** The actors of one document by number: log records carry the number, a byte instead of thirty. */
export class Actors {
  readonly #names = new Map<number, string>();
  readonly #numbers = new Map<string, number>();

  add(actorNo: number, actor: string): void {
    this.#names.set(actorNo, actor);
    this.#numbers.set(actor, actorNo);
  }

  numberOf(actor: string): number | undefined {
    return this.#numbers.get(actor);
  }

  /** @throws DamagedRecord */
  nameOf(actorNo: number): string {
    const actor = this.#names.get(actorNo);
    if (actor === undefined) throw new DamagedRecord(`actor ${actorNo} is missing`);
    return actor;
  }

  next(): number {
    return this.#names.size + 1;
  }
}

/** Document records, and what is read of a document before its log. */
export class Documents {
  readonly #database: Database;
  readonly #changes = new KeyedQueue();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Everything that reads a document's record to write it again, and the opening of its counter, one at a time. */
  exclusively<T>(documentId: string, task: () => Promise<T>): Promise<T> {
    return this.#changes.run(documentId, task);
  }

  /** @throws DOCUMENT_DAMAGED */
  async find(documentId: string): Promise<DocumentRecord | undefined> {
    const key = documentKey(documentId);
    const value = await this.#database.get(key);
    if (value === undefined) return undefined;
    return await orDamaged(documentId, async () => decodeDocument(key, value));
  }

  /** @throws NOT_FOUND, DOCUMENT_DAMAGED */
  async get(documentId: string): Promise<DocumentRecord> {
    const record = await this.find(documentId);
    if (!record) throw new AppError("NOT_FOUND");
    return record;
  }

  /**
   * Highest seq in the log. The log begins with the first content and is never trimmed as far as its newest
   * checkpoint, so a shorter one has lost its end. @throws DamagedRecord
   */
  async readHead({ docNo, checkpoints }: DocumentRecord): Promise<number> {
    const atLeast = checkpoints[0] ?? 1;
    for await (const [key] of this.#database.entries(logRange(docNo, 0), { reverse: true, limit: 1 })) {
      const seq = readU64(key);
      if (seq >= atLeast) return seq;
    }
    throw new DamagedRecord("the end of the log is missing");
  }

  /** @throws DamagedRecord */
  async readActors(docNo: number): Promise<Actors> {
    const actors = new Actors();
    for await (const [key, value] of this.#database.entries(actorRange(docNo))) {
      actors.add(readActorNo(key), decodeText(key, value));
    }
    return actors;
  }
}

/** Names the document in what a damaged record throws. @throws DOCUMENT_DAMAGED */
export async function orDamaged<T>(documentId: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw asDamage(documentId, error);
  }
}

/** A DamagedRecord as DOCUMENT_DAMAGED; every other error as it is. */
export function asDamage(documentId: string, error: unknown): unknown {
  if (!(error instanceof DamagedRecord)) return error;
  return new AppError("DOCUMENT_DAMAGED", undefined, {
    cause: error,
    details: { documentId, what: error.message },
  });
}
