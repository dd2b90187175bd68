import { Level } from "level";

/** Puts states under the keys that bench/peers/hocuspocus.mjs reads. An empty document has none. */
export async function seedHocuspocus(
  directory: string,
  updates: readonly (Uint8Array | undefined)[],
): Promise<string[]> {
  const level = new Level<string, Uint8Array>(directory, { valueEncoding: "view" });
  await level.open();
  const names = updates.map((_, index) => `document-${index}`);
  for (const [index, update] of updates.entries()) {
    if (update !== undefined) await level.put(names[index] as string, update);
  }
  await level.close();
  return names;
}
