import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { AppError, type ErrorCode } from "@octavo/schema";

/** What a process answers, once for each job. */
export type Answer = { type: "done"; value: unknown } | { type: "failed"; code: ErrorCode; message: string };

/** One process that takes jobs from a queue, one at a time. It starts when there is work and ends when it is idle. */
export interface ProcessLane<Job> {
  /** @throws what the process answers; `code` when it died or took too long; TOO_MANY_REQUESTS, SHUTTING_DOWN */
  run(job: Job): Promise<unknown>;
  /** Ends the process; what is waiting or running is rejected with SHUTTING_DOWN. */
  close(): Promise<void>;
}

export interface ProcessLaneOptions {
  /** The process' module. */
  file: string;
  /** What a job is rejected with when its process dies of it, and how its message begins. */
  code: ErrorCode;
  what: string;
  /** Longest time for one job, from the moment the process takes it. */
  deadlineMs?: number;
  /** Time without a job after which the process is ended. */
  idleMs?: number;
  /** Jobs that may wait for the process. */
  maxWaiting?: number;
  /** Heap of the process, of what JavaScript makes; binary data comes on top. */
  heapMib?: number;
}

interface Task<Job> {
  job: Job;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface Running<Job> {
  process: ChildProcess;
  task: Task<Job> | undefined;
  /** Ends it: by the deadline of its task, or when it has been idle for long. */
  timer: NodeJS.Timeout | undefined;
  /** The last it said on stderr: why it died. */
  lastWords: string;
}

/** Source and build differ in the ending; from source the packages beside this one are read as source too. */
const FROM_SOURCE = import.meta.url.endsWith(".ts");
const CONDITIONS = FROM_SOURCE ? ["--conditions=octavo-source"] : [];
/** It reads its own code; it writes no file and starts nothing. Node knows the flag from 22.13 on. */
const PERMISSIONS = process.allowedNodeEnvironmentFlags.has("--permission")
  ? ["--permission", "--allow-fs-read=*"]
  : [];
const LAST_WORDS_LENGTH = 2000;

/** The module of this name in the folder of `url`, in the source or in the build. */
export function moduleBeside(url: string, name: string): string {
  return fileURLToPath(new URL(`./${name}.${FROM_SOURCE ? "ts" : "js"}`, url));
}

export function createProcessLane<Job extends object>({
  file,
  code,
  what,
  deadlineMs = 20_000,
  idleMs = 60_000,
  maxWaiting = 64,
  heapMib = 512,
}: ProcessLaneOptions): ProcessLane<Job> {
  const waiting: Task<Job>[] = [];
  let running: Running<Job> | undefined;
  let closed = false;

  const start = (): Running<Job> => {
    const child = fork(file, {
      execArgv: [`--max-old-space-size=${heapMib}`, ...PERMISSIONS, ...CONDITIONS],
      // Content of people has no business with what the operator configured.
      env: {},
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const started: Running<Job> = { process: child, task: undefined, timer: undefined, lastWords: "" };
    child.stderr?.on("data", text => {
      started.lastWords = `${started.lastWords}${text}`.slice(-LAST_WORDS_LENGTH);
    });
    child.on("message", answer => finish(started, answer as Answer));
    child.on("error", cause => lose(started, new AppError(code, undefined, { cause })));
    // Out of memory, or a mistake in the process: this job fails, the next one need not.
    child.on("close", () => {
      const cause = new Error(started.lastWords);
      const isFull = started.lastWords.includes("heap out of memory");
      lose(started, new AppError(code, isFull ? `${what} needs too much memory.` : undefined, { cause }));
    });
    return started;
  };

  const next = () => {
    if (closed || running?.task) return;
    const task = waiting.shift();
    if (!task) return;
    running ??= start();
    const taking = running;
    taking.task = task;
    clearTimeout(taking.timer);
    taking.timer = setTimeout(() => lose(taking, new AppError(code, `${what} took too long.`)), deadlineMs);
    keepAlive(taking.process, true);
    // A process that just died is reported by its "close".
    taking.process.send(task.job, () => {});
  };

  const finish = (finished: Running<Job>, answer: Answer) => {
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

  const lose = (lost: Running<Job>, error: AppError) => {
    if (running !== lost) return;
    running = undefined;
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
      if (!running) return;
      const ended = once(running.process, "close");
      keepAlive(running.process, true);
      lose(running, new AppError("SHUTTING_DOWN"));
      await ended;
    },
  };
}

/** An idle process does not keep the server's running. */
function keepAlive(child: ChildProcess, busy: boolean): void {
  const handles = [child, child.channel, child.stderr as Socket | null];
  for (const handle of handles) {
    if (busy) handle?.ref();
    else handle?.unref();
  }
}
