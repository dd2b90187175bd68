// Completes what `next build` leaves as a standalone server: the files that browsers fetch stand beside it.
import { cpSync, existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const editor = join(dirname(dirname(fileURLToPath(import.meta.url))), "apps/editor");
const standalone = join(editor, ".next/standalone/apps/editor");

for (const [from, to] of [
  [join(editor, ".next/static"), join(standalone, ".next/static")],
  [join(editor, "public"), join(standalone, "public")],
]) {
  rmSync(to, { recursive: true, force: true });
  if (existsSync(from)) cpSync(from, to, { recursive: true });
}
