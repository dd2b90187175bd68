import { AppError } from "@octavo/schema";
import type { DocumentStore } from "../storage/document-store.ts";

/**
 * Waits for a write of the store, but not for a failing store to recover: whoever asked by HTTP is told at once. The
 * write itself may still happen later.
 * @throws APPEND_FAILED
 */
export async function whileWritable<T>({ updates }: DocumentStore, write: () => Promise<T>): Promise<T> {
  const failure = () => new AppError("APPEND_FAILED");
  if (!updates.state.writable) throw failure();
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const stop = updates.onState(state => {
    if (!state.writable) reject(failure());
  });
  try {
    return await Promise.race([write(), failed]);
  } finally {
    stop();
  }
}
