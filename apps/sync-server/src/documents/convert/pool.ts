import type { ContentIn, FormatOut } from "@octavo/schema/http";
import { createProcessLane, moduleBeside } from "../process-lane.ts";
import type { Digest, Imported, Rendered } from "./conversions.ts";
import type { Job } from "./jobs.ts";

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

const WORKER = moduleBeside(import.meta.url, "worker");

/**
 * A pool without processes; they start when there is work. The caller closes it. Imports have a process of their
 * own: a hostile one that uses up its time must not keep anybody from reading.
 */
export function createConversionPool(options: ConversionPoolOptions = {}): ConversionPool {
  const lane = () =>
    createProcessLane<Job>({ file: WORKER, code: "CONVERSION_FAILED", what: "The conversion", ...options });
  const [imports, renders] = [lane(), lane()];
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
