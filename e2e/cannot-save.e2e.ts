import { execFileSync, spawnSync } from "node:child_process";
import { appendFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "@octavo/test-kit";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { openEditor, useStage, waitForText, waitUntilSaved } from "./support.ts";

/** A disk of its own, so small that a test can fill it: a tmpfs in a mount namespace, for which nobody needs root. */
const TINY_DISK = [
  "unshare",
  "--user",
  "--map-root-user",
  "--mount",
  "sh",
  "-c",
  'mount -t tmpfs -o size=24m tmpfs "$DATA_DIR" && exec "$@"',
  "sh",
];

/** Undefined where this machine can do it, else why not. */
function whyNot(command: string, args: readonly string[]): string | undefined {
  const { status, error, stderr } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

const noNamespaces = whyNot("unshare", ["--user", "--map-root-user", "--mount", "true"]);
const noLimits = whyNot("prlimit", ["--version"]);
for (const [what, reason] of [
  ["a full disk", noNamespaces],
  ["a failing write", noLimits],
]) {
  if (reason !== undefined) console.warn(`Not tested on this machine: ${what} (${reason})`);
}

describe.skipIf(noNamespaces !== undefined)("a full disk", () => {
  const stage = useStage({ through: TINY_DISK });

  it("says that it cannot save, loses nothing that was saved, and goes on when there is room", async () => {
    const filler = () => `/proc/${stage.server.pid}/root${join(stage.server.dataDirectory, "filler")}`;
    await expectTroubleAndRecovery(stage, {
      begin: () => fill(filler()),
      end: () => rm(filler()),
      // The disk goes with the process that mounted it.
      survivesRestart: false,
    });
  });
});

describe.skipIf(noLimits !== undefined)("a disk that takes no writes", () => {
  const stage = useStage();

  it("says that it cannot save, loses nothing that was saved, and goes on when it takes them again", async () => {
    // The soft limit of the file size, of the running server: every write that makes a file longer fails.
    const limit = (bytes: string) =>
      execFileSync("prlimit", [`--pid=${stage.server.pid}`, `--fsize=${bytes}:`]);
    await expectTroubleAndRecovery(stage, {
      begin: async () => limit("0"),
      end: async () => limit("unlimited"),
      survivesRestart: true,
    });
  });
});

async function expectTroubleAndRecovery(
  { administrator, server, visit }: ReturnType<typeof useStage>,
  trouble: { begin(): Promise<unknown>; end(): Promise<unknown>; survivesRestart: boolean },
): Promise<void> {
  const ada = await administrator();
  const { id, url } = await ada.createDocument("Trouble", { format: "markdown", body: "Before." });
  const page = await visit(ada);
  const editor = await openEditor(page, url);
  await editor.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(" Saved.");
  await waitUntilSaved(page);

  await trouble.begin();
  await typeUntilItFails(page);
  await waitForText(page, "The server can’t write to its disk.");
  await eventually(async () => (await fetch(`${server.url}/readyz`)).status === 503);
  expect((await ada.read(id, "text")).trim()).toMatch(/^Before. Saved./);

  await trouble.end();
  await waitUntilSaved(page, 60_000);
  await page.keyboard.type(" After.");
  await waitUntilSaved(page);
  await eventually(async () => (await fetch(`${server.url}/readyz`)).ok);

  if (trouble.survivesRestart) {
    await server.kill();
    await server.start();
  }
  const stored = (await ada.read(id, "text")).trim();
  expect(stored).toMatch(/^Before. Saved.x* After.$/);
}

/** A file system may still find a little room; the next letters use it up. */
async function typeUntilItFails(page: Page): Promise<void> {
  const failed = page.locator('.octavo-save-state[data-state="cannot-save"]');
  await eventually(
    async () => {
      await page.keyboard.type("xx");
      return (await failed.count()) > 0;
    },
    { withinMs: 30_000, what: "“Can’t save”" },
  );
  expect(await failed.textContent()).toContain("Can’t save");
}

async function fill(path: string): Promise<void> {
  for (const bytes of [1 << 20, 1 << 12, 1]) {
    for (let isFull = false; !isFull; ) {
      isFull = await appendFile(path, Buffer.alloc(bytes)).then(
        () => false,
        (error: NodeJS.ErrnoException) => {
          if (error.code !== "ENOSPC") throw error;
          return true;
        },
      );
    }
  }
}
