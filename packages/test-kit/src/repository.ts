import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../../..");

/** Path of a file of this repository. */
export function repositoryPath(...parts: string[]): string {
  return join(ROOT, ...parts);
}
