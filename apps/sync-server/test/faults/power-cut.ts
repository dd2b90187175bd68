import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import type { Random } from "@octavo/test-kit";
import type { FaultySystem } from "./faulty-system.ts";

/** What a directory of files must still have after a power cut. */
export interface Durable {
  /** Number of the file by its name. */
  names: Map<string, string>;
  /** Bytes of each file, by its number. */
  bytes: Map<string, number>;
}

/** Everything as it is now, as if the machine had been quiet for long. */
export async function everythingDurable(directory: string): Promise<Durable> {
  const durable: Durable = { names: new Map(), bytes: new Map() };
  for (const name of await readdir(directory)) {
    const { ino, size } = await stat(join(directory, name));
    durable.names.set(name, String(ino));
    durable.bytes.set(String(ino), size);
  }
  return durable;
}

/** Begins a new record of what is made durable. */
export async function beginRecord(system: FaultySystem): Promise<void> {
  await rm(system.journal, { force: true });
  await rm(system.graveyard, { recursive: true, force: true });
  await mkdir(system.graveyard);
}

/**
 * Puts the directory into a state that a power cut may leave: of its names those of the last sync of the directory,
 * of each file what its last sync covered. What came after that is gone, or there in part, or something else.
 */
export async function cutPower(
  directory: string,
  before: Durable,
  system: FaultySystem,
  random: Random,
): Promise<void> {
  const { names, bytes } = await readRecord(before, system.journal);
  const now = await everythingDurable(directory);
  const nameNow = new Map([...now.names].map(([name, number]) => [number, name]));
  const after = `${directory}.after`;
  await mkdir(after);
  for (const [name, number] of names) {
    const there = nameNow.get(number);
    const source = there === undefined ? join(system.graveyard, number) : join(directory, there);
    const target = join(after, name);
    await copyFile(source, target);
    await spoilTail(target, Math.min(bytes.get(number) ?? 0, (await stat(target)).size), random);
  }
  await rm(directory, { recursive: true });
  await rename(after, directory);
}

/** Bytes from `durable` on were never synced. */
async function spoilTail(file: string, durable: number, random: Random): Promise<void> {
  const { size } = await stat(file);
  const kept = random.int(durable, size);
  const fate = random.pick(["gone", "partly", "scrambled"] as const);
  await truncate(file, fate === "gone" ? durable : kept);
  if (fate !== "scrambled" || kept === durable) return;
  const handle = await open(file, "r+");
  await handle.write(random.bytes(kept - durable), 0, kept - durable, durable);
  await handle.close();
}

async function readRecord(before: Durable, journal: string): Promise<Durable> {
  const bytes = new Map(before.bytes);
  let names = before.names;
  let listing = new Map<string, string>();
  for (const line of (await readFile(journal, "utf8")).split("\n")) {
    const [kind, number = "", last = ""] = line.split(" ");
    if (kind === "file") bytes.set(number, Math.max(bytes.get(number) ?? 0, Number(last)));
    else if (kind === "directory") listing = new Map();
    else if (kind === "name") listing.set(last, number);
    else if (kind === "end") names = listing;
  }
  return { names, bytes };
}
