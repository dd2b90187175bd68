// npm run bench: measures the built server beside its peers and judges the numbers; see bench/README.md.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { childEnvironment, ensureInstalled, nodeForChildren, ROOT, runInPlace } from "./prepare.mjs";

/** Benchmarks that only tell numbers. */
const OTHERS = { replay: "replay.ts", soak: "soak.ts", "update-log": "update-log.ts" };

ensureInstalled();
const node = nodeForChildren();
buildServer();
const [first = "", ...rest] = process.argv.slice(2);
const isOther = Object.hasOwn(OTHERS, first);
process.exitCode = await runInPlace(node, [
  "--conditions=octavo-source",
  join(ROOT, "bench", isOther ? OTHERS[first] : "run.ts"),
  ...(isOther ? rest : process.argv.slice(2)),
]);

/** The pages take no part: only what the server is made of is built, and that only where it changed. */
function buildServer() {
  const turbo = join(ROOT, "node_modules/turbo/bin/turbo");
  const { status } = spawnSync(
    node,
    [turbo, "run", "build", "--filter=@octavo/sync-server", "--output-logs=errors-only"],
    { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"], env: childEnvironment() },
  );
  if (status !== 0) process.exit(status ?? 1);
}
