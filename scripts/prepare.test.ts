import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { sourcesHash, whyNotInstalled } from "./prepare.mjs";

function folderWith(files: Record<string, unknown>): string {
  const root = mkdtempSync(join(tmpdir(), "octavo-prepare-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return root;
}

const left = { version: "1.0.0", integrity: "sha512-a" };
const otherMachine = { version: "2.0.0", integrity: "sha512-b", optional: true, os: ["aix"], cpu: "mips" };
const LOCK = {
  packages: { "": {}, "packages/own": {}, "node_modules/left": left, "node_modules/native": otherMachine },
};

describe("what npm start has to do first", () => {
  test("installs on an empty clone and where a version differs, not for other machines' packages", () => {
    expect(whyNotInstalled(folderWith({ "package-lock.json": LOCK }))).toBe("nothing is installed yet");
    const same = { packages: { "node_modules/left": left } };
    expect(
      whyNotInstalled(folderWith({ "package-lock.json": LOCK, "node_modules/.package-lock.json": same })),
    ).toBeUndefined();
    const older = { packages: { "node_modules/left": { version: "0.9.0", integrity: "sha512-c" } } };
    expect(
      whyNotInstalled(folderWith({ "package-lock.json": LOCK, "node_modules/.package-lock.json": older })),
    ).toContain("node_modules/left");
  });

  test("builds again when a source changes, not when a test, a page of the docs or an output does", () => {
    const files = { "packages/a/src/x.ts": "1", "package-lock.json": "{}" };
    const before = sourcesHash(folderWith(files));
    expect(
      sourcesHash(folderWith({ ...files, "packages/a/src/x.test.ts": "2", "packages/a/README.md": "3" })),
    ).toBe(before);
    expect(sourcesHash(folderWith({ ...files, "packages/a/dist/x.js": "2", "apps/b/.next/x": "3" }))).toBe(
      before,
    );
    expect(sourcesHash(folderWith({ ...files, "packages/a/src/x.ts": "2" }))).not.toBe(before);
    expect(sourcesHash(folderWith({ ...files, "packages/a/src/y.ts": "" }))).not.toBe(before);
    expect(sourcesHash(folderWith({ ...files, "package-lock.json": "{ }" }))).not.toBe(before);
  });
});
