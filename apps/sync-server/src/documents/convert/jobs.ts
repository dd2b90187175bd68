import type { ErrorCode } from "@octavo/schema";
import type { ContentIn, FormatOut } from "@octavo/schema/http";

/** What the pool sends to one of its processes. */
export type Job =
  | { type: "ydocFromContent"; content: ContentIn }
  | { type: "renderState"; update: Uint8Array; format: FormatOut }
  | { type: "digest"; update: Uint8Array };

/** What that answers, once for each job. */
export type Answer = { type: "done"; value: unknown } | { type: "failed"; code: ErrorCode; message: string };
