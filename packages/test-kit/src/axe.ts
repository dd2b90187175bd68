import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Checks the page as it stands against WCAG 2.2 AA. @throws Error that lists each violation and where it is */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  const violations = await findViolations(page);
  if (violations.length > 0) throw new Error(`axe: ${what} (${page.url()})\n${violations.join("\n")}`);
}

/** One readable block for each rule that the page breaks. */
export async function findViolations(page: Page): Promise<string[]> {
  await inject(page);
  const { violations } = await page.evaluate(
    tags =>
      (globalThis as unknown as { axe: typeof import("axe-core") }).axe.run(document, {
        runOnly: { type: "tag", values: tags },
        resultTypes: ["violations"],
      }),
    TAGS,
  );
  return violations.map(describeViolation);
}

function describeViolation(violation: AxeResults["violations"][number]): string {
  const places = violation.nodes.map(node => {
    const summary = node.failureSummary
      ?.split("\n")
      .slice(1)
      .map(line => line.trim())
      .join("; ");
    return `    ${node.target.join(" ")}: ${summary ?? node.html}`;
  });
  return [`  ${violation.id} (${violation.impact}): ${violation.help}`, ...places].join("\n");
}

/** Through the debugger, not a script element: the pages' content security policy stays as people get it. */
async function inject(page: Page): Promise<void> {
  if (await page.evaluate(() => "axe" in globalThis)) return;
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
}
