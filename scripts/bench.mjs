// npm run bench: replays a real editing history into the built server and its peers; see bench/README.md.
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, nodeForChildren, ROOT, runInPlace } from "./prepare.mjs";

ensureInstalled();
const node = nodeForChildren();
ensureBuilt();
process.exitCode = await runInPlace(node, [join(ROOT, "bench/replay.ts"), ...process.argv.slice(2)]);
