import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { createRandom } from "@octavo/test-kit/random";
import { repositoryPath } from "@octavo/test-kit/repository";

/** Replace `deleted` characters at `position` by `inserted`. */
export type Edit = readonly [position: number, deleted: number, inserted: string];

export interface Trace {
  edits: readonly Edit[];
  /** For the table: a real history, or a made-up one. */
  name: string;
}

const EDITS_OF_THE_PAPER = 259_778;

/**
 * The keystrokes of a paper (automerge-perf, Martin Kleppmann) from `BENCH_TRACE` or the place beside the
 * repository; where neither is there, a seeded synthetic history of the same size.
 */
export async function loadTrace(limit = Number.POSITIVE_INFINITY): Promise<Trace> {
  const given = process.env.BENCH_TRACE;
  const path = given ?? repositoryPath("../shared/data/automerge-paper.json.gz");
  const file = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && given === undefined) return undefined;
    throw error;
  });
  if (file === undefined) {
    return { edits: syntheticEdits(Math.min(limit, EDITS_OF_THE_PAPER)), name: "synthetic history, seed 1" };
  }
  const json = path.endsWith(".gz") ? await promisify(gunzip)(file) : file;
  const { txns } = JSON.parse(json.toString()) as { txns: { patches: Edit[] }[] };
  return { edits: txns.flatMap(({ patches }) => patches).slice(0, limit), name: "automerge-paper" };
}

/** Somebody who types in bursts, corrects the last letters, and goes on elsewhere in the text. */
export function syntheticEdits(count: number, seed = 1): Edit[] {
  const random = createRandom(seed);
  const edits: Edit[] = [];
  let length = 0;
  let caret = 0;
  while (edits.length < count) {
    if (random.bool(0.3)) caret = random.int(0, length);
    const isDeleting = caret > 0 && random.bool(0.3);
    for (let burst = random.int(1, 40); burst > 0 && edits.length < count; burst--) {
      if (!isDeleting) {
        edits.push([caret, 0, random.bool(0.16) ? " " : String.fromCharCode(random.int(97, 122))]);
        length += 1;
        caret += 1;
      } else if (caret > 0) {
        edits.push([caret - 1, 1, ""]);
        length -= 1;
        caret -= 1;
      } else break;
    }
  }
  return edits;
}
