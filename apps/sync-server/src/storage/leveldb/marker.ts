import { readdir } from "node:fs/promises";
import { z } from "zod";
import { DataDirectoryError } from "../data-directory-error.ts";
import { readIfThere, writeDurably } from "../durable-file.ts";

/**
 * The marker outside the database, `DATA_DIR/VERSION`: it says that there is one. LevelDB makes an empty database
 * where `CURRENT` is missing and deletes the tables that it then does not know, so after the first start nothing
 * may be created.
 */
export const STORE_FORMAT = 1;

const markerSchema = z.object({
  format: z.number().int().positive(),
  /** The same id stands inside the database: a folder of another installation is noticed. */
  storeId: z.string().min(1),
  createdAt: z.string(),
});

export type Marker = z.infer<typeof markerSchema>;

/** Undefined before the first start. @throws DATA_DAMAGED, DATA_FORMAT_UNKNOWN */
export async function readMarker(file: string): Promise<Marker | undefined> {
  const text = await readIfThere(file);
  return text === undefined ? undefined : parseMarker(text, file);
}

export async function writeMarker(file: string, marker: Marker): Promise<void> {
  await writeDurably(file, `${JSON.stringify(marker)}\n`, 0o600);
}

/** The marker in JSON, from the file or from inside the database. @throws DATA_DAMAGED, DATA_FORMAT_UNKNOWN */
export function parseMarker(text: string, where: string): Marker {
  const marker = markerSchema.safeParse(parseJson(text));
  if (!marker.success)
    throw new DataDirectoryError("DATA_DAMAGED", `${where} is not a version marker of Octavo`);
  if (marker.data.format > STORE_FORMAT) {
    throw new DataDirectoryError(
      "DATA_FORMAT_UNKNOWN",
      `${where}: the data was written by a newer Octavo (format ${marker.data.format}, this one knows ${STORE_FORMAT})`,
    );
  }
  return marker.data;
}

/** Whether a database is there. @throws DATA_MISSING when it should be and is not, or only its tables are left */
export async function findDatabase(directory: string, marker: Marker | undefined): Promise<boolean> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (names.includes("CURRENT")) return true;
  const hasTables = names.some(name => /\.(ldb|sst|log)$/.test(name));
  if (marker === undefined && !hasTables) return false;
  throw new DataDirectoryError(
    "DATA_MISSING",
    `${directory} should hold the documents and ${hasTables ? "its file CURRENT" : "the database"} is missing. ` +
      "Nothing was changed. Is the right volume mounted? Otherwise restore the directory from a backup.",
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
