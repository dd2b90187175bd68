/**
 * The guard's time for an update of somebody who types, beside Yjs' own time to apply it, in one run: the keystrokes
 * of a real history, each as the update that an editor sends.
 *
 *   node --conditions=octavo-source bench/guard.ts [edits]
 */

import { judge } from "@octavo/sync-server/sync/admit";
import { readUpdate } from "@octavo/sync-server/sync/guard";
import { knownNames } from "@octavo/sync-server/sync/known-names";
import { applyUpdate, Doc, getState, XmlElement, XmlText } from "yjs";
import { table } from "./table.ts";
import { loadTrace } from "./trace.ts";

const ROUNDS = 5;
const edits = Number(process.argv[2] ?? 60_000);

/** One update an edit, into one paragraph. */
async function keystrokes(): Promise<{ updates: Uint8Array[]; name: string }> {
  const trace = await loadTrace(edits);
  const updates: Uint8Array[] = [];
  const document = new Doc();
  document.on("update", (update: Uint8Array) => updates.push(update));
  const text = new XmlText();
  const paragraph = new XmlElement("paragraph");
  paragraph.insert(0, [text]);
  document.getXmlFragment("default").insert(0, [paragraph]);
  for (const [position, deleted, inserted] of trace.edits) {
    document.transact(() => {
      if (deleted > 0) text.delete(position, deleted);
      if (inserted !== "") text.insert(position, inserted);
    });
  }
  return { updates, name: trace.name };
}

/** Microseconds an update, of the fastest round: the others were disturbed. */
function fastest(updates: readonly Uint8Array[], round: () => (update: Uint8Array) => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const run = round();
    const startedAt = performance.now();
    for (const update of updates) run(update);
    return ((performance.now() - startedAt) * 1000) / updates.length;
  });
  return Math.min(...times);
}

const { updates, name } = await keystrokes();
const guard = fastest(updates, () => update => {
  const reading = readUpdate(update, knownNames);
  if (!reading.ok) throw new Error(`a false refusal: ${reading.reason}`);
});
const apply = fastest(updates, () => {
  const document = new Doc();
  return update => applyUpdate(document, update);
});
const both = fastest(updates, () => {
  const document = new Doc();
  const room = {
    document,
    names: knownNames,
    bytes: 0,
    clockOf: (client: number) => getState(document.store, client),
    waitingStruct: () => undefined,
    ownerOf: () => "user:bench",
  };
  return update => {
    const verdict = judge(room, update, "user:bench");
    if (verdict.kind !== "append") throw new Error(`not admitted: ${verdict.kind}`);
    applyUpdate(document, verdict.update);
  };
});
const row = (what: string, microseconds: number) => [
  what,
  microseconds.toFixed(2),
  (microseconds / apply).toFixed(2),
];
console.log(`${updates.length.toLocaleString("en")} keystrokes (${name}), fastest of ${ROUNDS} rounds\n`);
console.log(
  table(
    ["", "µs an update", "of Y.applyUpdate"],
    [row("guard", guard), row("admission (guard and judgement)", both - apply), row("Y.applyUpdate", apply)],
  ),
);
