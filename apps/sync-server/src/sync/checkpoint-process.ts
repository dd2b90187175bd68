import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { Answer } from "../documents/process-lane.ts";
import { proveState, stateAfter } from "./checkpoint-state.ts";

/** What is stored of a document, and what it has to become. */
export interface CheckpointJob {
  /** The newest checkpoint as it lies on disk; undefined for a document that has none. */
  base: Uint8Array | undefined;
  /** The log records after it (`UpdateList`). */
  updates: Uint8Array;
  /** State vector of the room. */
  clocks: Uint8Array;
}

/** The new checkpoint: compressed as it will lie on disk, and how many bytes that are when it is not. */
export interface CheckpointResult {
  compressed: Uint8Array;
  bytes: number;
}

/** One job after another; what goes wrong ends the process, with the reason on stderr, and the job with it. */
process.on("message", (job: CheckpointJob) => {
  const value = makeCheckpoint(job);
  const answer: Answer = { type: "done", value };
  process.send?.(answer);
});

function makeCheckpoint({ base, updates, clocks }: CheckpointJob): CheckpointResult {
  const state = stateAfter(base && zstdDecompressSync(base), updates);
  proveState(state, clocks);
  return { compressed: zstdCompressSync(state), bytes: state.length };
}
