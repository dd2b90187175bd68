import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createRandom, seedMessage } from "@octavo/test-kit/random";
import { temporaryDirectory } from "@octavo/test-kit/temp-directory";
import { expect, test } from "vitest";
import { systemClock } from "../../clock.ts";
import { openLevelDocumentStore } from "./open.ts";

const ROUNDS = 6;
const WRITER = fileURLToPath(new URL("./kill-writer.test-child.ts", import.meta.url));
const DOCUMENTS = ["a", "b", "c"];

test("X1 kill -9 at any moment loses nothing that was acknowledged and leaves no gap", async () => {
  const random = createRandom();
  const directory = await temporaryDirectory();
  const documents = join(directory.path, "documents");
  const acknowledged = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const child = spawn(process.execPath, ["--conditions=octavo-source", WRITER, documents, ...DOCUMENTS], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const count = await killAfter(child, random.int(50, 3_000), acknowledged);
    expect(count, seedMessage(random)).toBeGreaterThan(0);

    const store = await openLevelDocumentStore({ directory: documents, clock: systemClock });
    for (const documentId of DOCUMENTS) {
      const seqs: number[] = [];
      for await (const { seq, update, actor } of store.updates.read(documentId, 0)) {
        seqs.push(seq);
        expect(new TextDecoder().decode(update)).toBe(`${documentId} ${seq}`);
        expect(actor).toBe(`user:${seq % 5}`);
      }
      const message = `${documentId}, round ${round}, ${seedMessage(random)}`;
      expect(seqs, message).toEqual(seqs.map((_, i) => i + 1));
      expect(seqs.length, message).toBeGreaterThanOrEqual(acknowledged.get(documentId) ?? 1);
      expect(await store.updates.head(documentId), message).toBe(seqs.length);
      const checkpoint = await store.checkpoints.newest(documentId);
      if (checkpoint)
        expect(new TextDecoder().decode(checkpoint.state)).toBe(`${documentId} at ${checkpoint.seq}`);
    }
    await store.close();
  }
  await directory.remove();
});

/** Reads acknowledgements and kills the child when it has seen so many; what is still in the pipe counts too. */
async function killAfter(
  child: ChildProcess,
  count: number,
  acknowledged: Map<string, number>,
): Promise<number> {
  let seen = 0;
  const exited = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout! })) {
    const match = /^(\w+) (\d+)$/.exec(line);
    // The last line may be cut.
    if (!match) continue;
    acknowledged.set(match[1]!, Math.max(Number(match[2]), acknowledged.get(match[1]!) ?? 0));
    if (++seen === count) child.kill("SIGKILL");
  }
  await exited;
  return seen;
}
