// The browser of the tests: the one that is named, an installed one, or the one that npm brings.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { npm, ROOT } from "./prepare.mjs";

const COMMANDS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const APPLICATIONS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Finds or fetches a browser; answers its description and the environment in which the tests find it. */
export function ensureBrowser(environment = process.env) {
  const named = environment.OCTAVO_TEST_BROWSER;
  if (named) return { description: `${named} (OCTAVO_TEST_BROWSER)`, environment: {} };
  const installed = installedBrowser(environment.PATH ?? "");
  if (installed)
    return { description: `${installed} (installed)`, environment: { OCTAVO_TEST_BROWSER: installed } };
  const folder = join(ROOT, "e2e/browser");
  if (!existsSync(join(folder, "node_modules/.package-lock.json"))) {
    console.log("Installing a browser for the tests (@sparticuz/chromium) …");
    npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"], folder);
  }
  // packages/test-kit unpacks and starts it.
  return { description: "@sparticuz/chromium in e2e/browser", environment: {} };
}

function installedBrowser(path) {
  const candidates = path.split(delimiter).flatMap(folder => COMMANDS.map(command => join(folder, command)));
  return [...candidates, ...APPLICATIONS].find(file => existsSync(file));
}
