import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { repositoryPath } from "./repository.ts";

/** A Chromium that tests can drive, and where it came from. */
export interface TestBrowser {
  browser: Browser;
  /** For the report: "OCTAVO_TEST_BROWSER", "installed" or "@sparticuz/chromium", and the path. */
  origin: string;
}

interface Executable {
  path: string;
  origin: string;
  env?: Record<string, string>;
}

const INSTALLED_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const ARGUMENTS = [
  // Tests run in containers and as root, where Chromium's sandbox cannot start; the pages are our own.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Windows of a test are all "in the background"; their timers must run as if looked at.
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** Starts Chromium without a window. @throws Error that says what to do where none is found */
export async function launchBrowser(): Promise<TestBrowser> {
  const executable = await findBrowser();
  const browser = await chromium.launch({
    executablePath: executable.path,
    args: ARGUMENTS,
    ...(executable.env && { env: { ...environment(), ...executable.env } }),
  });
  return { browser, origin: `${executable.origin}: ${executable.path} (Chromium ${browser.version()})` };
}

/** Keeps what the open pages show, for somebody who reads why a test failed; returns the files' paths. */
export async function keepScreenshots(browser: Browser, name: string): Promise<string[]> {
  const directory = repositoryPath("test-results");
  await mkdir(directory, { recursive: true });
  const stem = name.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 80);
  const pages = browser.contexts().flatMap(context => context.pages());
  return Promise.all(
    pages.map(async (page, index) => {
      const path = join(directory, `${stem}-${index + 1}.png`);
      await page.screenshot({ path, fullPage: true, timeout: 5_000 });
      return path;
    }),
  );
}

/** `OCTAVO_TEST_BROWSER`, an installed Chromium or Chrome, or the one in e2e/browser, in this order. */
async function findBrowser(): Promise<Executable> {
  const named = process.env.OCTAVO_TEST_BROWSER;
  if (named) return { path: named, origin: "OCTAVO_TEST_BROWSER" };
  const installed = (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap(directory => INSTALLED_NAMES.map(name => join(directory, name)))
    .find(path => existsSync(path));
  if (installed !== undefined) return { path: installed, origin: "installed" };
  return packagedBrowser();
}

async function packagedBrowser(): Promise<Executable> {
  const folder = repositoryPath("e2e/browser");
  if (!existsSync(join(folder, "node_modules/@sparticuz/chromium"))) {
    throw new Error(
      "No browser: set OCTAVO_TEST_BROWSER, install chromium, or run `npm ci --prefix e2e/browser --ignore-scripts`.",
    );
  }
  const home = join(folder, ".cache", "chromium");
  if (!existsSync(home)) await unpack(folder, home);
  return {
    path: join(home, "chromium"),
    origin: "@sparticuz/chromium",
    env: { LD_LIBRARY_PATH: join(home, "al2023", "lib"), FONTCONFIG_PATH: join(home, "fonts") },
  };
}

/** Unpacks beside, then renames: a run that was interrupted leaves no half of a browser. */
async function unpack(folder: string, home: string): Promise<void> {
  await mkdir(join(folder, ".cache"), { recursive: true });
  const partial = await mkdtemp(join(folder, ".cache", "unpacking-"));
  try {
    await promisify(execFile)(process.execPath, [join(folder, "unpack.mjs")], {
      env: { ...environment(), TMPDIR: partial, OCTAVO_BROWSER_HOME: home },
    });
    await rename(partial, home);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
