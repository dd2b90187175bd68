/**
 * Writes the documents that are made from code: docs/configuration.md, .env.example, docs/errors.md.
 * `npm run generate`; a test fails while one of them is out of date.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ERRORS } from "@octavo/schema";
import { configurationPage, exampleEnvironment } from "@octavo/sync-server/config/documentation";

const ROOT = join(import.meta.dirname, "..");

/** Path in the repository and text of every generated document. */
export function generatedDocuments(): ReadonlyMap<string, string> {
  return new Map([
    ["docs/configuration.md", configurationPage()],
    [".env.example", exampleEnvironment()],
    ["docs/errors.md", errorsPage()],
  ]);
}

const RECOVERIES = {
  retry: "Try again, after a pause that grows.",
  "sign-in": "Sign in, or get a new token, then try again.",
  reload: "Reload: the page, or the program's copy of the document, is not the current one.",
  never: "Do not repeat the same request.",
};

function errorsPage(): string {
  const entries = Object.entries(ERRORS).map(
    ([code, { status, closeCode, recovery, title }]) =>
      `### ${code}\n\n${title}\n\nHTTP ${status} · close code ${closeCode} · ${RECOVERIES[recovery]}\n`,
  );
  return `# Errors

<!-- Generated from packages/schema/src/errors.ts by \`npm run generate\`. -->

Every error that leaves the server has a code word that never changes its meaning. It travels as \`code\` of a problem
response (RFC 9457, \`application/problem+json\`), as the reason of a closed WebSocket, and as the reason of a refused
sign-in to a document. Decide by the code word; the text beside it is for people and may change.

Close codes 4400 to 4499 are permanent; 1012, 1013 and 45xx mean "come back".

${entries.join("\n")}`;
}

if (import.meta.main) {
  for (const [path, text] of generatedDocuments()) writeFileSync(join(ROOT, path), text);
}
