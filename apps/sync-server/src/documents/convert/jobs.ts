import type { ContentIn, FormatOut } from "@octavo/schema/http";

/** What the pool sends to one of its processes. */
export type Job =
  | { type: "ydocFromContent"; content: ContentIn }
  | { type: "renderState"; update: Uint8Array; format: FormatOut }
  | { type: "digest"; update: Uint8Array };
