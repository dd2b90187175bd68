import { open, readdir, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";

const PROBE_BYTES = 4096;
/** Beside the tables that opening makes of the log: a manifest, another log and the first records in it. */
const ROOM_BYTES = 1024 * 1024;

/**
 * Proves that the database in this directory could be opened again, without touching it: there is room for what
 * opening writes, and a file can be written and synced. @throws the system's error
 */
export async function probeDisk(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < ROOM_BYTES + (await logBytes(directory))) throw new Error("No space left on device");
  // Of a name that LevelDB does not know and does not remove.
  const file = join(directory, "octavo-probe");
  try {
    const handle = await open(file, "w", 0o600);
    try {
      await handle.write(Buffer.alloc(PROBE_BYTES));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } finally {
    await rm(file, { force: true });
  }
}

/** Opening writes what is in the log into tables. */
async function logBytes(directory: string): Promise<number> {
  const logs = (await readdir(directory)).filter(name => name.endsWith(".log"));
  const sizes = await Promise.all(logs.map(async name => (await stat(join(directory, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
