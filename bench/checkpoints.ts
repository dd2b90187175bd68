/**
 * What storing costs those who write meanwhile: the longest stall of the event loop while checkpoints of a thousand
 * small documents and of a large one are made, beside the time that one plain `Y.encodeStateAsUpdate` of the large one
 * takes, in the same run; and the bytes that edits in large documents write.
 *
 *   node --conditions=octavo-source bench/checkpoints.ts [small documents] [MB of the large one]
 */
import { join } from "node:path";
import { systemClock } from "@octavo/sync-server/clock";
import { openLevelDocumentStore } from "@octavo/sync-server/storage/leveldb/open";
import { CheckpointMaker } from "@octavo/sync-server/sync/checkpoint-maker";
import type { Room } from "@octavo/sync-server/sync/room";
import { temporaryDirectory } from "@octavo/test-kit/temp-directory";
import { Doc, encodeStateAsUpdate, XmlElement, XmlText } from "yjs";
import { table } from "./table.ts";

const small = Number(process.argv[2] ?? 1_000);
const megabytes = Number(process.argv[3] ?? 10);

await using directory = await temporaryDirectory("octavo-bench-");
const store = await openLevelDocumentStore({
  directory: join(directory.path, "documents"),
  clock: systemClock,
});
const maker = new CheckpointMaker({ store, clock: systemClock });

function documentOf(bytes: number): Doc {
  const document = new Doc();
  const body = document.getXmlFragment("default");
  const words = "Somebody wrote this line, and somebody else will read it. ";
  document.transact(() => {
    for (let left = bytes; left > 0; left -= 200) {
      const paragraph = new XmlElement("paragraph");
      paragraph.insert(0, [new XmlText(words.repeat(3) + left)]);
      body.push([paragraph]);
    }
  });
  return document;
}

/** As the maker sees a room; the document is in the log as its first record. */
async function roomOf(documentId: string, bytes: number): Promise<Room> {
  const document = documentOf(bytes);
  const update = encodeStateAsUpdate(document);
  const meta = { documentId, epoch: 0, schemaVersion: 1, kind: "document", createdAt: 0 } as const;
  await store.create(meta, { update, actor: "user:bench", claims: [] });
  await store.updates.head(documentId);
  return { documentId, document, appliedSeq: 1, bytes: update.length } as unknown as Room;
}

/**
 * The longest piece of work that kept the event loop, in processor time of this thread: what other processes take
 * from it on a busy machine does not count.
 */
async function stallMs(work: () => Promise<unknown>): Promise<{ stall: number; total: number }> {
  let stall = 0;
  let isRunning = true;
  const used = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let before = used();
  const turn = () => {
    const now = used();
    stall = Math.max(stall, now - before);
    before = now;
    if (isRunning) setImmediate(turn);
  };
  setImmediate(turn);
  const startedAt = performance.now();
  await work();
  isRunning = false;
  return { stall, total: performance.now() - startedAt };
}

/** The update of one more word. */
function changed(document: Doc): Uint8Array {
  let update: Uint8Array = new Uint8Array();
  document.once("update", (made: Uint8Array) => {
    update = made;
  });
  document.getXmlFragment("default").push([new XmlElement("paragraph")]);
  return update;
}

const rooms: Room[] = [];
for (let i = 0; i < small; i++) rooms.push(await roomOf(`small-${i}`, 8_000));
const large = await roomOf("large", megabytes * 1_000_000);
const encodedAt = performance.now();
encodeStateAsUpdate(large.document);
const encodeMs = performance.now() - encodedAt;

const idle = await stallMs(() => new Promise(resolve => setTimeout(resolve, 1_000)));
const many = await stallMs(() => Promise.all(rooms.map(room => maker.write(room, () => {}))));
const first = await stallMs(() => maker.write(large, () => {}));
const { committed } = store.updates.append("large", {
  update: changed(large.document),
  actor: "user:bench",
  claims: [],
});
await committed;
large.appliedSeq++;
const next = await stallMs(() => maker.write(large, () => {}));
await maker.close();
await store.close();

const row = (what: string, { stall, total }: { stall: number; total: number }) => [
  what,
  stall.toFixed(1),
  total.toFixed(0),
];
console.log(
  table(
    ["", "longest stall, ms", "in all, ms"],
    [
      row("nothing", idle),
      row(`${small} small documents`, many),
      row(`a document of ${megabytes} MB, at first`, first),
      row("the same, after an edit", next),
      row(`Y.encodeStateAsUpdate of ${megabytes} MB`, { stall: encodeMs, total: encodeMs }),
    ],
  ),
);
