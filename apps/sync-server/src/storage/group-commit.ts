import { AppError } from "@octavo/schema";
import { CommitPace } from "./commit-pace.ts";
import type { StoreState } from "./update-log.ts";

/** Where batches go: LevelDB, or maps in memory. */
export interface CommitTarget<Operation> {
  /** All of the operations or none; on disk when resolved. */
  write(operations: Operation[]): Promise<void>;
  /** Makes the target fit again after a failed write: a new handle, checked and able to write. */
  reopen(): Promise<void>;
  /** The failure in plain words, for people. */
  reasonOf(error: unknown): string;
}

/** What one caller wants committed together. */
export interface Commit<Operation> {
  operations: Operation[];
  /** Counted against the bound of what may wait. */
  bytes: number;
  /** The document it belongs to, so that `discard` finds it. */
  documentId?: string;
  /** True: waits through failures and is written again, so it must be idempotent. False: fails at the first failure, outcome unknown. */
  retry: boolean;
  /** Called once, in the order of the commits: without an error when it is on disk. */
  settle(error?: AppError): void;
}

export interface GroupCommitOptions {
  /** Bytes that may wait before `add` refuses. */
  maxWaitingBytes: number;
  /** Waits between attempts to reopen; resolves early when the signal aborts. Injected by tests. */
  delay?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** One batch does not grow beyond this, so that a long queue after a failure is not one endless write. A guess. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;

/**
 * One write in flight; everything added meanwhile forms the next one, and where there are many, what comes within
 * `CommitPace`'s time as well. After a failed write the target is never
 * written through the same handle again: LevelDB 1.20 acknowledges later writes on it and loses them.
 */
export class GroupCommit<Operation> {
  readonly #target: CommitTarget<Operation>;
  readonly #maxWaitingBytes: number;
  readonly #delay: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly #closing = new AbortController();
  readonly #listeners = new Set<(state: StoreState) => void>();
  #waiting: Commit<Operation>[] = [];
  #inFlight: Commit<Operation>[] = [];
  /** Of those in flight, the ones that were discarded meanwhile. */
  readonly #discarded = new Map<Commit<Operation>, AppError>();
  #waitingBytes = 0;
  readonly #pace = new CommitPace();
  /** Ends the wait for company. */
  #beginNow: (() => void) | undefined;
  #failures = 0;
  #state: StoreState = { writable: true };
  #running: Promise<void> | undefined;

  constructor(target: CommitTarget<Operation>, options: GroupCommitOptions) {
    this.#target = target;
    this.#maxWaitingBytes = options.maxWaitingBytes;
    this.#delay = options.delay ?? unreferencedDelay;
  }

  get state(): StoreState {
    return this.#state;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  onState(listener: (state: StoreState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells whether a commit of that size would be taken now. @throws SHUTTING_DOWN, APPEND_FAILED */
  admit(bytes: number, retry: boolean): void {
    if (this.isClosed) throw new AppError("SHUTTING_DOWN");
    if (!retry && !this.#state.writable) throw new AppError("APPEND_FAILED", this.#state.reason);
    if (this.#waitingBytes + bytes > this.#maxWaitingBytes) {
      throw new AppError(
        "APPEND_FAILED",
        this.#state.writable ? "The disk is too slow." : this.#state.reason,
      );
    }
  }

  /** Takes a commit into the next batch. @throws what `admit` throws, and then nothing was taken */
  add(commit: Commit<Operation>): void {
    this.admit(commit.bytes, commit.retry);
    this.#waiting.push(commit);
    this.#waitingBytes += commit.bytes;
    if (this.#beginNow && this.#pace.isEnough(this.#load)) this.#beginNow();
    // Not at once: what is added in the same turn belongs into the same batch.
    this.#running ??= Promise.resolve().then(() => this.#run());
  }

  /** Commits once, without waiting through failures. @throws APPEND_FAILED when the outcome is unknown, SHUTTING_DOWN */
  write(operations: Operation[], bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.add({ operations, bytes, retry: false, settle: error => (error ? reject(error) : resolve()) });
    });
  }

  /** Rejects everything of the document that is not on disk. */
  discard(documentId: string, error: AppError): void {
    const kept = this.#waiting.filter(commit => commit.documentId !== documentId);
    const dropped = this.#waiting.filter(commit => commit.documentId === documentId);
    this.#waiting = kept;
    for (const commit of dropped) this.#settle(commit, error);
    for (const commit of this.#inFlight) {
      if (commit.documentId === documentId) this.#discarded.set(commit, error);
    }
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Takes no more, commits what waits if the target works, rejects it with SHUTTING_DOWN if it does not. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#beginNow?.();
    await this.idle();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 || !this.#state.writable) {
      const failure = this.#waiting.length > 0 ? await this.#commitNext() : undefined;
      if (failure === undefined) this.#becomeWritable();
      else if (!(await this.#recover(failure))) this.#rejectAll(new AppError("SHUTTING_DOWN"));
      if (this.isClosed && this.#waiting.length === 0) break;
    }
    this.#running = undefined;
  }

  /** Writes the next batch; returns what went wrong, undefined when it is on disk. */
  async #commitNext(): Promise<{ error: unknown } | undefined> {
    const gained = await this.#waitForCompany();
    const batch = this.#takeBatch();
    // Discarded while it waited.
    if (batch.length === 0) return undefined;
    this.#pace.began(performance.now(), batch.length, gained);
    this.#inFlight = batch;
    try {
      await this.#target.write(batch.flatMap(commit => commit.operations));
    } catch (error) {
      this.#inFlight = [];
      this.#putBack(batch, new AppError("APPEND_FAILED", this.#target.reasonOf(error), { cause: error }));
      return { error };
    }
    this.#inFlight = [];
    for (const commit of batch) this.#settle(commit, this.#discarded.get(commit));
    this.#discarded.clear();
    return undefined;
  }

  /** Where commits are many, lets some of them go as one; tells how many came meanwhile, undefined without a wait. */
  async #waitForCompany(): Promise<number | undefined> {
    if (this.isClosed) return undefined;
    const waitMs = this.#pace.waitMs(performance.now(), this.#load);
    if (waitMs <= 0) return undefined;
    const before = this.#waiting.length;
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, waitMs);
      this.#beginNow = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#beginNow = undefined;
    return Math.max(this.#waiting.length - before, 0);
  }

  /** What waits for the next commit. Nothing is in flight while that is asked. */
  get #load(): { records: number; bytes: number } {
    return { records: this.#waiting.length, bytes: this.#waitingBytes };
  }

  #takeBatch(): Commit<Operation>[] {
    let bytes = 0;
    let count = 0;
    for (const commit of this.#waiting) {
      bytes += commit.bytes;
      if (count > 0 && bytes > MAX_BATCH_BYTES) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  #putBack(batch: Commit<Operation>[], failure: AppError): void {
    const again: Commit<Operation>[] = [];
    const dropped: Commit<Operation>[] = [];
    for (const commit of batch) (commit.retry && !this.#discarded.has(commit) ? again : dropped).push(commit);
    // Those that do not wait through failures must not be left behind in the queue either.
    dropped.push(...this.#waiting.filter(commit => !commit.retry));
    this.#waiting = [...again, ...this.#waiting.filter(commit => commit.retry)];
    for (const commit of dropped) this.#settle(commit, this.#discarded.get(commit) ?? failure);
    this.#discarded.clear();
  }

  /** Reopens until it works; false when closed meanwhile. */
  async #recover(failure: { error: unknown }): Promise<boolean> {
    let error = failure.error;
    for (;;) {
      this.#become({ writable: false, reason: this.#target.reasonOf(error) });
      if (this.isClosed) return false;
      // The first attempt is made at once; the delay grows until a batch is on disk again.
      if (this.#failures > 0) {
        await this.#delay(
          Math.min(FIRST_DELAY_MS * 2 ** (this.#failures - 1), MAX_DELAY_MS),
          this.#closing.signal,
        );
        if (this.isClosed) return false;
      }
      this.#failures++;
      try {
        await this.#target.reopen();
        return true;
      } catch (next) {
        error = next;
      }
    }
  }

  #rejectAll(error: AppError): void {
    for (const commit of this.#waiting.splice(0)) this.#settle(commit, error);
  }

  #settle(commit: Commit<Operation>, error?: AppError): void {
    this.#waitingBytes -= commit.bytes;
    commit.settle(error);
  }

  #becomeWritable(): void {
    this.#failures = 0;
    if (!this.#state.writable) this.#become({ writable: true });
  }

  #become(state: StoreState): void {
    const before = this.#state;
    this.#state = state;
    if (!before.writable && !state.writable && before.reason === state.reason) return;
    for (const listener of this.#listeners) listener(state);
  }
}

/** Does not keep the process alive: a server that cannot write must still be able to end. */
function unreferencedDelay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    timer.unref();
    signal.addEventListener("abort", done);
  });
}
