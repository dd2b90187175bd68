// npm test: installs and builds what is missing, runs every test, and ends with one line of numbers.
// --long runs the counts that are too long for every day.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureBrowser } from "./find-browser.mjs";
import { ensureBuilt, ensureInstalled, nodeForChildren, ROOT, runInPlace } from "./prepare.mjs";
import { describeCounts, readCounts, sumOf } from "./test-counts.mjs";

/** One after the other, so that nothing else runs while timings are taken. */
const PROJECTS = ["unit", "system", "browser"];
const RESULTS = join(ROOT, "test-results");

const args = process.argv.slice(2);
const isLong = args.includes("--long");
const filters = args.filter(arg => arg !== "--long");

ensureInstalled();
const node = nodeForChildren();
ensureBuilt();
const browser = ensureBrowser();
console.log(`Browser: ${browser.description}`);

mkdirSync(RESULTS, { recursive: true });
const results = [];
for (const project of PROJECTS) {
  const { counts, isInterrupted } = await run(project);
  results.push(counts);
  if (isInterrupted) break;
}
const total = sumOf(results);
console.log(`\n${describeCounts(total)}`);
process.exitCode = total.failed > 0 ? 1 : 0;

async function run(project) {
  const file = join(RESULTS, `${project}.json`);
  rmSync(file, { force: true });
  const exitCode = await runInPlace(
    node,
    [
      join(ROOT, "node_modules/vitest/vitest.mjs"),
      "run",
      `--project=${project}`,
      "--passWithNoTests",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${file}`,
      ...filters,
    ],
    { ...browser.environment, ...(isLong && { OCTAVO_LONG: "1" }) },
  );
  // Above 128 stands the signal that ended it: somebody pressed Ctrl+C.
  return { counts: readCounts(file, exitCode, project), isInterrupted: exitCode > 128 };
}
