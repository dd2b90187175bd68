// npm start: installs and builds what is missing, then runs the server in its own Node 24.
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, nodeForChildren, ROOT, runInPlace } from "./prepare.mjs";

ensureInstalled();
const node = nodeForChildren();
ensureBuilt();
process.exitCode = await runInPlace(node, [
  // MiB. V8 would let what is young grow to 128 MiB where people come in crowds, and keep that when they are idle.
  "--max-semi-space-size=8",
  join(ROOT, "apps/sync-server/dist/main.js"),
  ...process.argv.slice(2),
]);
