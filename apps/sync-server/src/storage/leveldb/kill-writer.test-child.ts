/**
 * The process that `kill.int.test.ts` kills: writes to every document as fast as it may, with checkpoints, and prints
 * `documentId seq` for each record that is acknowledged.
 */
import { writeSync } from "node:fs";
import { systemClock } from "../../clock.ts";
import { openLevelDocumentStore } from "./open.ts";

const [directory, ...documentIds] = process.argv.slice(2);
if (!directory) throw new TypeError("usage: kill-writer DIRECTORY DOCUMENT…");
const store = await openLevelDocumentStore({ directory, clock: systemClock });
const bytes = (text: string) => new TextEncoder().encode(text);

async function write(documentId: string): Promise<never> {
  if (!(await store.meta(documentId))) {
    const meta = { documentId, epoch: 1, schemaVersion: 1, kind: "raw", createdAt: 0 } as const;
    await store.create(meta, { update: bytes(`${documentId} 1`), actor: "user:1", claims: [] });
  }
  for (let head = await store.updates.head(documentId); ; ) {
    const burst = Array.from({ length: 20 }, async () => {
      const next = ++head;
      const append = { update: bytes(`${documentId} ${next}`), actor: `user:${next % 5}`, claims: [next] };
      const { seq, committed } = store.updates.append(documentId, append);
      await committed;
      writeSync(1, `${documentId} ${seq}\n`);
    });
    await Promise.all(burst);
    if (head % 3 === 0) {
      await store.checkpoints.write(documentId, {
        seq: head,
        state: bytes(`${documentId} at ${head}`),
        at: 0,
      });
    }
  }
}

await Promise.all(documentIds.map(write));
