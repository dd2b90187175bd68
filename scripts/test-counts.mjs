// Counts of test runs, from the files that vitest's json reporter writes.
import { existsSync, readFileSync } from "node:fs";

/**
 * Counts of one run. A file that could not be loaded, and a run that failed without a failed test, count as one
 * failure: nothing that went wrong may look like a success.
 */
export function readCounts(file, exitCode, name) {
  if (!existsSync(file)) {
    console.error(`The ${name} tests did not run to their end (exit code ${exitCode}).`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const report = JSON.parse(readFileSync(file, "utf8"));
  const files = report.testResults ?? [];
  const unloaded = files.filter(
    result => result.status === "failed" && !result.assertionResults.some(isFailed),
  ).length;
  const failed = (report.numFailedTests ?? 0) + unloaded;
  const passed = report.numPassedTests ?? 0;
  const skipped = (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
  if (exitCode !== 0 && failed === 0) {
    console.error(`The ${name} tests ended with exit code ${exitCode} although no test failed; see above.`);
    return { passed, failed: 1, skipped };
  }
  return { passed, failed, skipped };
}

export function sumOf(counts) {
  const sum = key => counts.reduce((total, one) => total + one[key], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}

/** `N passed, N failed[, N skipped]`: the last line of a test run. */
export function describeCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

function isFailed(assertion) {
  return assertion.status === "failed";
}
