import { Level } from "level";

/** Puts states under the keys that bench/peers/hocuspocus.mjs reads. An empty document has none. */
export async function seedHocuspocus(
  directory: string,
  updates: readonly (Uint8Array | undefined)[],
): Promise<string[]> {
  const level = await open(directory);
  const names = updates.map((_, index) => `document-${index}`);
  for (const [index, update] of updates.entries()) {
    if (update !== undefined) await level.put(names[index] as string, update);
  }
  await level.close();
  return names;
}

export async function hocuspocusStateBytes(directory: string, document: string): Promise<number | undefined> {
  const level = await open(directory);
  const state = await level.get(document);
  await level.close();
  return state?.length;
}

async function open(directory: string): Promise<Level<string, Uint8Array>> {
  const level = new Level<string, Uint8Array>(directory, { valueEncoding: "view" });
  await level.open();
  return level;
}
