import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newSecret } from "./keys.ts";

const fileIn = (dataDir: string) => join(dataDir, "setup-token");

/**
 * The one-time token for the first administrator, in `DATA_DIR/setup-token` for whoever owns the machine. Kept
 * over restarts, so that a link copied from the log stays good until it is used.
 */
export async function openSetUpToken(dataDir: string): Promise<string> {
  const kept = await readFile(fileIn(dataDir), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  if (kept.trim()) return kept.trim();
  const token = newSecret();
  await writeFile(fileIn(dataDir), `${token}\n`, { mode: 0o600 });
  return token;
}

/** The token is used up, or was never needed. */
export async function removeSetUpToken(dataDir: string): Promise<void> {
  await rm(fileIn(dataDir), { force: true });
}
