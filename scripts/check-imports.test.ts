import { describe, expect, test } from "vitest";
import { specifiersIn, violationsIn } from "./check-imports.ts";

const server = (path: string, text: string) => ({ path: `apps/sync-server/src/${path}`, text });
const schema = (text: string) => ({ path: "packages/schema/src/x.ts", text });

describe("the check of import directions", () => {
  test.each([
    [
      "a ring",
      [server("storage/a.ts", 'import "./b.ts";'), server("storage/b.ts", 'import "./a.ts";')],
      "ring: ",
    ],
    [
      "an upward import in the server",
      [server("storage/a.ts", 'import { x } from "../documents/b.ts";')],
      "stands above it",
    ],
    [
      "types count as imports",
      [server("config/a.ts", 'import type { X } from "../storage/b.ts";')],
      "stands above it",
    ],
    [
      "parts of floor 4 among each other",
      [server("http/a.ts", 'import { x } from "../sync/b.ts";')],
      "do not know each other",
    ],
    ["a folder without a floor", [server("misc/a.ts", 'import "./b.ts";')], "has no floor"],
    ["process.env outside config", [server("pages/a.ts", "const x = process.env.HOME;")], "process.env"],
    ["LevelDB outside storage", [server("sync/a.ts", 'import { Level } from "level";')], "only storage/"],
    [
      "SQL outside storage",
      [server("accounts/a.ts", 'const x = await import("node:sqlite");')],
      "only storage/",
    ],
    [
      "Hocuspocus outside sync",
      [server("edge/a.ts", 'import { Hocuspocus } from "@hocuspocus/server";')],
      "only sync/",
    ],
    ["Node in the schema", [schema('import { readFile } from "node:fs";')], "has no Node"],
    ["Node's globals in the schema", [schema("const x = Buffer.from(y);")], "has no Node"],
    ["the DOM in the schema", [schema('const x = document.createElement("p");')], "has no DOM"],
    [
      "a package above",
      [{ path: "packages/client/src/a.ts", text: 'import { X } from "@octavo/react";' }],
      "does not stand below",
    ],
    [
      "the client in the server",
      [server("sync/a.ts", 'import { x } from "@octavo/client";')],
      "does not stand below",
    ],
    [
      "the server in the pages",
      [{ path: "apps/editor/src/a.tsx", text: 'export * from "@octavo/sync-server/clock";' }],
      "does not stand below",
    ],
    [
      "another workspace by its path",
      [{ path: "packages/client/src/a.ts", text: 'import "../../schema/src/x.ts";' }],
      "by its path",
    ],
    [
      "test tools in the product",
      [server("sync/a.ts", 'import { x } from "@octavo/test-kit";')],
      "is for tests",
    ],
  ])("finds %s", (_, files, expected) => {
    expect(violationsIn(files).join("\n")).toContain(expected);
  });

  test("lets pass what goes down, tests, comments, and words that only look alike", () => {
    expect(
      violationsIn([
        server("documents/a.ts", 'import { x } from "../storage/b.ts";\nimport { y } from "@octavo/schema";'),
        server("sync/a.test.ts", 'import { x } from "@octavo/test-kit";'),
        server("storage/b.ts", 'import { Level } from "level"; // see "../documents/a.ts", process.env'),
        schema(
          'const window_ = 1; const hint = "window"; /* document.body */ export const x = (document: Y.Doc) => document.share;',
        ),
      ]),
    ).toEqual([]);
  });

  test("reads every form of import", () => {
    const code =
      'import a, {\n  type B,\n} from "a";\nimport "b";\nexport * from "c";\nawait import("d");\nimport type E from \'e\';';
    expect(specifiersIn(code).sort()).toEqual(["a", "b", "c", "d", "e"]);
  });
});
