import type { ServerResponse } from "node:http";
import { LIMITS } from "@octavo/schema";

/** A reader that does not read does not read the last words either. */
const PATIENCE_MS = 5_000;

/** Lets an ended response arrive where little waits in it, and cuts it off otherwise: its connection counts no more. */
export function abandonResponse(response: ServerResponse): void {
  if (response.writableLength > LIMITS.slowReaderBytes) {
    response.destroy();
    return;
  }
  const patience = setTimeout(() => response.destroy(), PATIENCE_MS).unref();
  response.once("close", () => clearTimeout(patience));
}
