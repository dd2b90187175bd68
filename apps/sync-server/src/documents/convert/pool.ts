import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { AppError } from "@octavo/schema";
import type { ContentIn, FormatOut } from "@octavo/schema/http";
import type { Digest, Imported, Rendered } from "./conversions.ts";
import type { Answer, Job } from "./jobs.ts";

export type { Digest, Imported, Rendered } from "./conversions.ts";

/**
 * Conversions beside the server's process, so that none delays a keystroke, with limits of time and memory, so
 * that no content can take the server down: what exceeds them is killed and replaced, and only its own job fails.
 * Processes, not threads: V8 ends the whole process when a thread's heap is full (200,000 empty paragraphs of HTML
 * in a thread of 256 MiB did), whatever `resourceLimits` say.
 */
export interface ConversionPool {
  /** The state of a new document with this content. @throws CONVERSION_FAILED, MALFORMED_UPDATE, DOCUMENT_TOO_LARGE, TOO_MANY_REQUESTS */
  ydocFromContent(content: ContentIn): Promise<Imported>;
  /** A document's state (Yjs update, V1) in a format. @throws CONVERSION_FAILED, MALFORMED_UPDATE, TOO_MANY_REQUESTS */
  renderState(update: Uint8Array, format: FormatOut): Promise<Rendered>;
  /** What lists and search show of a document's state. @throws CONVERSION_FAILED, MALFORMED_UPDATE, TOO_MANY_REQUESTS */
  digest(update: Uint8Array): Promise<Digest>;
  /** Ends the processes; what is waiting or running is rejected with SHUTTING_DOWN. */
  close(): Promise<void>;
}

export interface ConversionPoolOptions {
  /** Longest time for one job, from the moment a process takes it. */
  deadlineMs?: number;
  /** Time without a job after which a process is ended; it holds about 70 MB. */
  idleMs?: number;
  /** Jobs that may wait for a process. */
  maxWaiting?: number;
  /**
   * Heap of one process, of what JavaScript makes; binary data comes on top. An element of HTML takes 9 KB while it
   * is read: a document of 300 pages has 24,000.
   */
  heapMib?: number;
}

interface Task {
  job: Job;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface Converter {
  process: ChildProcess;
  task: Task | undefined;
  /** Ends it: by the deadline of its task, or when it has been idle for long. */
  timer: NodeJS.Timeout | undefined;
  /** The last it said on stderr: why it died. */
  lastWords: string;
}

/** Source and build differ in the ending; from source the packages beside this one are read as source too. */
const FROM_SOURCE = import.meta.url.endsWith(".ts");
const WORKER = fileURLToPath(new URL(FROM_SOURCE ? "./worker.ts" : "./worker.js", import.meta.url));
const CONDITIONS = FROM_SOURCE ? ["--conditions=octavo-source"] : [];
/** A converter reads its own code; it writes no file and starts nothing. Node knows the flag from 22.13 on. */
const PERMISSIONS = process.allowedNodeEnvironmentFlags.has("--permission")
  ? ["--permission", "--allow-fs-read=*"]
  : [];
const LAST_WORDS_LENGTH = 2000;

/** Processes that take jobs from one queue. */
interface Lane {
  run(job: Job): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * A pool without processes; they start when there is work. The caller closes it. Imports have a process of their
 * own: a hostile one that uses up its time must not keep anybody from reading.
 */
export function createConversionPool(options: ConversionPoolOptions = {}): ConversionPool {
  const imports = createLane(options);
  const renders = createLane(options);
  return {
    ydocFromContent: content => imports.run({ type: "ydocFromContent", content }) as Promise<Imported>,
    renderState: async (update, format) =>
      format === "yjs"
        ? new Uint8Array(update)
        : (renders.run({ type: "renderState", update, format }) as Promise<Rendered>),
    digest: update => renders.run({ type: "digest", update }) as Promise<Digest>,
    async close() {
      await Promise.all([imports.close(), renders.close()]);
    },
  };
}

function createLane({
  deadlineMs = 20_000,
  idleMs = 60_000,
  maxWaiting = 64,
  heapMib = 512,
}: ConversionPoolOptions): Lane {
  const waiting: Task[] = [];
  let converter: Converter | undefined;
  let closed = false;

  const start = (): Converter => {
    const child = fork(WORKER, {
      execArgv: [`--max-old-space-size=${heapMib}`, ...PERMISSIONS, ...CONDITIONS],
      // Imported content has no business with what the operator configured.
      env: {},
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const started: Converter = { process: child, task: undefined, timer: undefined, lastWords: "" };
    child.stderr?.on("data", text => {
      started.lastWords = `${started.lastWords}${text}`.slice(-LAST_WORDS_LENGTH);
    });
    child.on("message", answer => finish(started, answer as Answer));
    child.on("error", cause => lose(started, new AppError("CONVERSION_FAILED", undefined, { cause })));
    // Out of memory, or a mistake in a converter: this content cannot be converted, the next one can.
    child.on("close", () => {
      const cause = new Error(started.lastWords);
      const isFull = started.lastWords.includes("heap out of memory");
      lose(
        started,
        new AppError("CONVERSION_FAILED", isFull ? "The conversion needs too much memory." : undefined, {
          cause,
        }),
      );
    });
    return started;
  };

  const next = () => {
    if (closed || converter?.task) return;
    const task = waiting.shift();
    if (!task) return;
    converter ??= start();
    const taking = converter;
    taking.task = task;
    clearTimeout(taking.timer);
    taking.timer = setTimeout(() => {
      lose(taking, new AppError("CONVERSION_FAILED", "The conversion took too long."));
    }, deadlineMs);
    keepAlive(taking.process, true);
    // A process that just died is reported by its "close".
    taking.process.send(task.job, () => {});
  };

  const finish = (finished: Converter, answer: Answer) => {
    const { task } = finished;
    if (!task) return;
    finished.task = undefined;
    clearTimeout(finished.timer);
    finished.timer = setTimeout(() => lose(finished, new AppError("SHUTTING_DOWN")), idleMs).unref();
    keepAlive(finished.process, false);
    if (answer.type === "done") task.resolve(answer.value);
    else task.reject(new AppError(answer.code, answer.message));
    next();
  };

  const lose = (lost: Converter, error: AppError) => {
    if (converter !== lost) return;
    converter = undefined;
    clearTimeout(lost.timer);
    lost.process.kill("SIGKILL");
    lost.task?.reject(error);
    next();
  };

  return {
    run: job =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new AppError("SHUTTING_DOWN"));
        if (waiting.length >= maxWaiting) return reject(new AppError("TOO_MANY_REQUESTS"));
        waiting.push({ job, resolve, reject });
        next();
      }),
    async close() {
      closed = true;
      for (const task of waiting.splice(0)) task.reject(new AppError("SHUTTING_DOWN"));
      if (!converter) return;
      const ended = once(converter.process, "close");
      keepAlive(converter.process, true);
      lose(converter, new AppError("SHUTTING_DOWN"));
      await ended;
    },
  };
}

/** An idle converter does not keep the server's process running. */
function keepAlive(child: ChildProcess, busy: boolean): void {
  const handles = [child, child.channel, child.stderr as Socket | null];
  for (const handle of handles) {
    if (busy) handle?.ref();
    else handle?.unref();
  }
}
