/**
 * Unpacks the browser of @sparticuz/chromium into the directory that TMPDIR names (the package knows no other way)
 * and its fonts' configuration beside it. Its libraries are those of the Amazon Linux it is made for; they run on
 * any glibc from 2.34 and spare a machine without them a root's apt-get.
 */
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import chromium, { inflate } from "@sparticuz/chromium";

const build = dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium"));
const packaged = join(build, "..", "bin");
await chromium.executablePath(packaged);
await inflate(join(packaged, "al2023.tar.br"));

// The packaged configuration names /tmp/fonts. OCTAVO_BROWSER_HOME is where this directory will be moved to.
const home = process.env.OCTAVO_BROWSER_HOME ?? tmpdir();
await writeFile(
  join(tmpdir(), "fonts", "fonts.conf"),
  `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(home, "fonts")}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(home, "fonts-cache")}</cachedir>
</fontconfig>
`,
);
