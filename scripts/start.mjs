// npm start: installs and builds what is missing, then runs the server in its own Node 24.
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, nodeForChildren, ROOT, runInPlace } from "./prepare.mjs";

ensureInstalled();
const node = nodeForChildren();
ensureBuilt();
process.exitCode = await runInPlace(node, [
  join(ROOT, "apps/sync-server/dist/main.js"),
  ...process.argv.slice(2),
]);
