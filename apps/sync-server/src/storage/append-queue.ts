import { AppError } from "@octavo/schema";
import type { GroupCommit } from "./group-commit.ts";
import type { Appended } from "./update-log.ts";

/** A document whose counter is known; `Loaded` is what the store keeps with it. */
interface OpenDocument<Loaded> {
  loaded: Loaded;
  /** Highest seq given. */
  seq: number;
  /** Highest seq on disk. */
  committedSeq: number;
  uncommitted: number;
  isDeleted: boolean;
  /** Called when `uncommitted` becomes 0. */
  onSettled: (() => void)[];
}

/** A commit's keys, checksums and bookkeeping beside the update itself, roughly. */
const OVERHEAD_BYTES = 128;

/** The sequence numbers of open documents: given at once, known to be on disk when the group commit says so. */
export class AppendQueue<Loaded, Operation> {
  readonly #commit: GroupCommit<Operation>;
  readonly #load: (documentId: string) => Promise<{ loaded: Loaded; seq: number }>;
  readonly #open = new Map<string, OpenDocument<Loaded>>();
  readonly #opening = new Map<string, Promise<OpenDocument<Loaded>>>();

  constructor(
    commit: GroupCommit<Operation>,
    load: (documentId: string) => Promise<{ loaded: Loaded; seq: number }>,
  ) {
    this.#commit = commit;
    this.#load = load;
  }

  /** Recovers the counter on first use; later calls return what is known. @throws what `load` throws */
  async open(documentId: string): Promise<{ loaded: Loaded; seq: number }> {
    const known = this.#open.get(documentId);
    if (known && !known.isDeleted) return known;
    let opening = this.#opening.get(documentId);
    if (!opening) {
      opening = this.#recover(documentId).finally(() => this.#opening.delete(documentId));
      this.#opening.set(documentId, opening);
    }
    return opening;
  }

  /** The same as `open` for a document whose counter was read by the caller, who keeps others from opening it meanwhile. */
  openAt(documentId: string, loaded: Loaded, seq: number): void {
    const known = this.#open.get(documentId);
    if (known && !known.isDeleted) return;
    this.#begin(documentId, loaded, seq);
  }

  /** What is kept with an open document; undefined for one that is not open. */
  peek(documentId: string): { loaded: Loaded; committedSeq: number } | undefined {
    const document = this.#open.get(documentId);
    return document?.isDeleted ? undefined : document;
  }

  /** `operations` runs only when the append is taken. @throws GONE, SHUTTING_DOWN, APPEND_FAILED */
  append(
    documentId: string,
    bytes: number,
    operations: (loaded: Loaded, seq: number) => Operation[],
  ): Appended {
    const waiting = bytes + OVERHEAD_BYTES;
    this.#commit.admit(waiting, true);
    const document = this.#open.get(documentId);
    if (!document) throw new TypeError("append to a document that was not opened with head()");
    if (document.isDeleted) throw new AppError("GONE");
    const seq = document.seq + 1;
    const toCommit = operations(document.loaded, seq);
    document.seq = seq;
    const committed = this.#add(documentId, document, waiting, toCommit, () => {
      document.committedSeq = seq;
    });
    return { seq, committed };
  }

  /** Commits with the document's appends, in order and through failures, without a sequence number. */
  async commit(documentId: string, operations: Operation[]): Promise<void> {
    const document = this.#open.get(documentId);
    if (!document || document.isDeleted) throw new AppError("GONE");
    await this.#add(documentId, document, OVERHEAD_BYTES * operations.length, operations, () => {});
  }

  hasUncommitted(documentId: string): boolean {
    return (this.#open.get(documentId)?.uncommitted ?? 0) > 0;
  }

  /** Resolves when nothing of the document waits, however that ended. */
  async settled(documentId: string): Promise<void> {
    const document = this.#open.get(documentId);
    if (!document || document.uncommitted === 0) return;
    await new Promise<void>(resolve => document.onSettled.push(resolve));
  }

  release(documentId: string): void {
    if (this.hasUncommitted(documentId))
      throw new TypeError("release of a document with uncommitted records");
    this.#open.delete(documentId);
  }

  /** Rejects what waits with GONE; the document takes nothing more until it is opened again. */
  discard(documentId: string): void {
    const document = this.#open.get(documentId);
    if (document) document.isDeleted = true;
    this.#commit.discard(documentId, new AppError("GONE"));
  }

  /** The open documents and the seq that each is known to have on disk. */
  *committed(): Iterable<{ documentId: string; loaded: Loaded; committedSeq: number }> {
    for (const [documentId, document] of this.#open) {
      if (!document.isDeleted)
        yield { documentId, loaded: document.loaded, committedSeq: document.committedSeq };
    }
  }

  /** @throws APPEND_FAILED when something is still uncommitted after `deadlineMs` */
  async drain(deadlineMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const { state } = this.#commit;
        reject(new AppError("APPEND_FAILED", state.writable ? "The disk is too slow." : state.reason));
      }, deadlineMs);
    });
    try {
      await Promise.race([this.#commit.idle(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #recover(documentId: string): Promise<OpenDocument<Loaded>> {
    const { loaded, seq } = await this.#load(documentId);
    return this.#begin(documentId, loaded, seq);
  }

  #begin(documentId: string, loaded: Loaded, seq: number): OpenDocument<Loaded> {
    const document: OpenDocument<Loaded> = {
      loaded,
      seq,
      committedSeq: seq,
      uncommitted: 0,
      isDeleted: false,
      onSettled: [],
    };
    this.#open.set(documentId, document);
    return document;
  }

  #add(
    documentId: string,
    document: OpenDocument<Loaded>,
    bytes: number,
    operations: Operation[],
    onCommitted: () => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: AppError) => {
        document.uncommitted--;
        if (error) reject(error);
        else {
          onCommitted();
          resolve();
        }
        if (document.uncommitted === 0) for (const settled of document.onSettled.splice(0)) settled();
      };
      this.#commit.add({ operations, bytes, documentId, retry: true, settle });
      document.uncommitted++;
    });
  }
}
