import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { describeCounts, readCounts, sumOf } from "./test-counts.mjs";

function report(content: object): string {
  const file = join(mkdtempSync(join(tmpdir(), "octavo-counts-")), "report.json");
  writeFileSync(file, JSON.stringify(content));
  return file;
}

const failedFile = { status: "failed", assertionResults: [] };

describe("the last line of a test run", () => {
  test("adds up the runs and names the skipped only where there are some", () => {
    const counts = [
      { passed: 3, failed: 0, skipped: 0 },
      { passed: 4, failed: 1, skipped: 2 },
    ];
    expect(describeCounts(sumOf(counts))).toBe("7 passed, 1 failed, 2 skipped");
    expect(describeCounts(counts[0]!)).toBe("3 passed, 0 failed");
  });

  test("nothing that went wrong looks like a success", () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    expect(readCounts("/nowhere.json", 1, "unit").failed).toBe(1);
    expect(
      readCounts(report({ numPassedTests: 5, numFailedTests: 0, testResults: [failedFile] }), 1, "unit"),
    ).toEqual({ passed: 5, failed: 1, skipped: 0 });
    expect(
      readCounts(report({ numPassedTests: 5, numFailedTests: 0, testResults: [] }), 1, "unit").failed,
    ).toBe(1);
    expect(
      readCounts(
        report({ numPassedTests: 5, numPendingTests: 1, numTodoTests: 1, testResults: [] }),
        0,
        "unit",
      ),
    ).toEqual({ passed: 5, failed: 0, skipped: 2 });
  });
});
