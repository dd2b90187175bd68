import { AppError } from "@octavo/schema";
import type { Clock } from "../../clock.ts";
import { AppendQueue } from "../append-queue.ts";
import type { Checkpoint } from "../checkpoint-store.ts";
import type { DocumentContent } from "../document-store.ts";
import type { GroupCommit } from "../group-commit.ts";
import type { Append, Appended, LogRecord, StoreState, UpdateLog } from "../update-log.ts";
import { readArchive } from "./archive.ts";
import type { Database, Entry, Operation } from "./database.ts";
import { type Actors, asDamage, type Documents, orDamaged } from "./documents.ts";
import { actorKey, logKey, logRange, ownerKey, ownerRange, readU64 } from "./keys.ts";
import {
  DamagedRecord,
  type DocumentRecord,
  decodeNumber,
  decodeUpdate,
  encodeNumber,
  encodeText,
  encodeUpdate,
} from "./record.ts";

/** What is kept in memory of a document whose room is loaded. */
interface LoadedDocument {
  docNo: number;
  actors: Actors;
}

export class LevelUpdateLog implements UpdateLog {
  readonly #database: Database;
  readonly #documents: Documents;
  readonly #commit: GroupCommit<Operation>;
  readonly #clock: Clock;
  readonly #queue: AppendQueue<LoadedDocument, Operation>;

  constructor(database: Database, documents: Documents, commit: GroupCommit<Operation>, clock: Clock) {
    this.#database = database;
    this.#documents = documents;
    this.#commit = commit;
    this.#clock = clock;
    this.#queue = new AppendQueue(commit, documentId => this.#load(documentId));
  }

  get state(): StoreState {
    return this.#commit.state;
  }

  onState(listener: (state: StoreState) => void): () => void {
    return this.#commit.onState(listener);
  }

  append(documentId: string, { update, actor, claims }: Append): Appended {
    return this.#queue.append(documentId, update.byteLength, ({ docNo, actors }, seq) => {
      const operations: Operation[] = [];
      const actorNo = intern(docNo, actors, actor, operations);
      operations.push(...updateOperations(docNo, seq, { at: this.#clock.now(), actorNo, update }, claims));
      return operations;
    });
  }

  async head(documentId: string): Promise<number> {
    if (this.#commit.isClosed) throw new AppError("SHUTTING_DOWN");
    const { seq } = await this.#documents.exclusively(documentId, () => this.#queue.open(documentId));
    return seq;
  }

  async *read(documentId: string, afterSeq: number): AsyncGenerator<LogRecord> {
    try {
      const record = await this.#documents.get(documentId);
      const open = this.#queue.peek(documentId);
      const mustReach = open?.committedSeq ?? record.checkpoints[0] ?? 1;
      const actors = open?.loaded.actors ?? (await this.#documents.readActors(record.docNo));
      let next = afterSeq + 1;
      for await (const [key, value] of this.#records(record.docNo, next)) {
        const seq = readU64(key);
        if (seq !== next) throw new DamagedRecord(`record ${next} is missing`);
        const { at, actorNo, update } = decodeUpdate(key, value);
        yield { seq, at, actor: actors.nameOf(actorNo), update };
        next++;
      }
      if (next <= mustReach) throw new DamagedRecord(`record ${next} is missing`);
    } catch (error) {
      throw asDamage(documentId, error);
    }
  }

  async owners(documentId: string): Promise<Map<number, string>> {
    await this.#queue.settled(documentId);
    const { docNo } = await this.#documents.get(documentId);
    return await orDamaged(documentId, async () => {
      const actors = this.#queue.peek(documentId)?.loaded.actors ?? (await this.#documents.readActors(docNo));
      const owners = new Map<number, string>();
      for await (const [yjsClientId, actorNo] of this.#ownerNumbers(docNo)) {
        owners.set(yjsClientId, actors.nameOf(actorNo));
      }
      return owners;
    });
  }

  /**
   * All that a room is made of, read side by side; the log is open at its end afterwards. To be called within
   * `Documents.exclusively`. @throws DOCUMENT_DAMAGED
   */
  async load(
    documentId: string,
    record: DocumentRecord,
    readCheckpoint: () => Promise<Checkpoint | undefined>,
  ): Promise<Omit<DocumentContent, "meta">> {
    if (this.#commit.isClosed) throw new AppError("SHUTTING_DOWN");
    await this.#queue.settled(documentId);
    const open = this.#queue.peek(documentId);
    const { docNo } = record;
    return await orDamaged(documentId, async () => {
      const [actors, ownerNumbers, checkpoint] = await Promise.all([
        open?.loaded.actors ?? this.#documents.readActors(docNo),
        this.#readOwnerNumbers(docNo),
        readCheckpoint(),
      ]);
      const { head, tail } = await this.#readTail(record, actors, checkpoint?.seq ?? 0);
      if (open && head < open.committedSeq) throw new DamagedRecord(`record ${head + 1} is missing`);
      this.#queue.openAt(documentId, { docNo, actors }, head);
      const owners = new Map<number, string>();
      for (const [yjsClientId, actorNo] of ownerNumbers) owners.set(yjsClientId, actors.nameOf(actorNo));
      return { checkpoint, head, tail, owners };
    });
  }

  async transferOwner(documentId: string, from: string, to: string): Promise<void> {
    await this.#documents.exclusively(documentId, async () => {
      const wasOpen = this.#queue.peek(documentId) !== undefined;
      const { loaded } = await this.#queue.open(documentId);
      await this.#queue.settled(documentId);
      const operations = await orDamaged(documentId, () => this.#transfer(loaded, from, to));
      if (operations.length > 0) await this.#queue.commit(documentId, operations);
      if (!wasOpen) this.#queue.release(documentId);
    });
  }

  hasUncommitted(documentId: string): boolean {
    return this.#queue.hasUncommitted(documentId);
  }

  release(documentId: string): void {
    this.#queue.release(documentId);
  }

  drain(deadlineMs: number): Promise<void> {
    return this.#queue.drain(deadlineMs);
  }

  /** Rejects what waits for the document with GONE and takes nothing more for it. */
  discard(documentId: string): void {
    this.#queue.discard(documentId);
  }

  /** Highest seq that is on disk. @throws NOT_FOUND, DOCUMENT_DAMAGED */
  async committedSeq(documentId: string): Promise<number> {
    const open = this.#queue.peek(documentId);
    if (open) return open.committedSeq;
    const record = await this.#documents.get(documentId);
    return await orDamaged(documentId, () => this.#documents.readHead(record));
  }

  /** After a reopen: what was acknowledged must be there. @throws LOAD_FAILED */
  async verify(): Promise<void> {
    for (const { documentId, loaded, committedSeq } of this.#queue.committed()) {
      const key = logKey(loaded.docNo, committedSeq);
      if (await this.#database.get(key)) continue;
      throw new AppError("LOAD_FAILED", "Saved text is missing on the disk.", { details: { documentId } });
    }
  }

  async #load(documentId: string): Promise<{ loaded: LoadedDocument; seq: number }> {
    const record = await this.#documents.get(documentId);
    return await orDamaged(documentId, async () => ({
      loaded: { docNo: record.docNo, actors: await this.#documents.readActors(record.docNo) },
      seq: await this.#documents.readHead(record),
    }));
  }

  /** The log from `fromSeq`, taken from the archive where it was trimmed. */
  async *#records(docNo: number, fromSeq: number): AsyncGenerator<Entry> {
    let next = fromSeq;
    // The log's iterator stands before the archive is read: what is trimmed meanwhile is in one of them.
    for await (const entry of this.#database.entries(logRange(docNo, fromSeq - 1))) {
      const seq = readU64(entry[0]);
      if (seq > next) yield* readArchive(this.#database, docNo, next, seq);
      yield entry;
      next = seq + 1;
    }
  }

  /**
   * Updates after that seq. The log is never trimmed as far as its newest checkpoint: the record of that seq, which
   * is read too where the log still has it, shows that the log did not lose its end.
   */
  async #readTail({ docNo, checkpoints: [newest = 1] }: DocumentRecord, actors: Actors, afterSeq: number) {
    const tail: Uint8Array[] = [];
    const isNewest = afterSeq === newest;
    let head = isNewest ? afterSeq - 1 : afterSeq;
    for await (const [key, value] of this.#records(docNo, head + 1)) {
      const seq = readU64(key);
      if (seq !== head + 1) throw new DamagedRecord(`record ${head + 1} is missing`);
      head = seq;
      if (seq === afterSeq) continue;
      const { actorNo, update } = decodeUpdate(key, value);
      // Whoever wrote it must be known, or history has a hole.
      actors.nameOf(actorNo);
      tail.push(update);
    }
    if (head < newest) throw new DamagedRecord("the end of the log is missing");
    return { head, tail };
  }

  async #readOwnerNumbers(docNo: number): Promise<[yjsClientId: number, actorNo: number][]> {
    const numbers: [number, number][] = [];
    for await (const entry of this.#ownerNumbers(docNo)) numbers.push(entry);
    return numbers;
  }

  async *#ownerNumbers(docNo: number): AsyncGenerator<[yjsClientId: number, actorNo: number]> {
    for await (const [key, value] of this.#database.entries(ownerRange(docNo))) {
      yield [readU64(key), decodeNumber(key, value)];
    }
  }

  async #transfer({ docNo, actors }: LoadedDocument, from: string, to: string): Promise<Operation[]> {
    const fromNo = actors.numberOf(from);
    const owned: number[] = [];
    for await (const [yjsClientId, actorNo] of this.#ownerNumbers(docNo)) {
      if (actorNo === fromNo) owned.push(yjsClientId);
    }
    const operations: Operation[] = [];
    if (owned.length === 0) return operations;
    const toNo = intern(docNo, actors, to, operations);
    for (const yjsClientId of owned) operations.push(ownerOperation(docNo, yjsClientId, toNo));
    return operations;
  }
}

/** The operations of one log record and of the Yjs client ids that it claims. */
export function updateOperations(
  docNo: number,
  seq: number,
  record: { at: number; actorNo: number; update: Uint8Array },
  claims: readonly number[],
): Operation[] {
  const key = logKey(docNo, seq);
  const put: Operation = { type: "put", key, value: encodeUpdate(key, record) };
  return [put, ...claims.map(yjsClientId => ownerOperation(docNo, yjsClientId, record.actorNo))];
}

/** The operation that gives an actor its number. */
export function actorOperation(docNo: number, actorNo: number, actor: string): Operation {
  const key = actorKey(docNo, actorNo);
  return { type: "put", key, value: encodeText(key, actor) };
}

function ownerOperation(docNo: number, yjsClientId: number, actorNo: number): Operation {
  const key = ownerKey(docNo, yjsClientId);
  return { type: "put", key, value: encodeNumber(key, actorNo) };
}

/** The actor's number; a new one is added to `operations`, which must be committed. */
function intern(docNo: number, actors: Actors, actor: string, operations: Operation[]): number {
  const known = actors.numberOf(actor);
  if (known !== undefined) return known;
  const actorNo = actors.next();
  actors.add(actorNo, actor);
  operations.push(actorOperation(docNo, actorNo, actor));
  return actorNo;
}
