import { existsSync } from "node:fs";
import type { Me } from "@octavo/schema/http";
import { API_PATH } from "@octavo/schema/protocol";
import {
  eventually,
  firstAdministrator,
  type Person,
  repositoryPath,
  type ServerProcess,
  type ServerProcessOptions,
  setUp,
  startServerProcess,
} from "@octavo/test-kit";
import { keepScreenshots, launchBrowser } from "@octavo/test-kit/browser";
import type { BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";

/** The built product, a browser, and the first administrator, for one file of tests. */
export interface Stage {
  readonly server: ServerProcess;
  /** Signed in by the API; made by the set-up link at first use, where no test has done that before. */
  administrator(): Promise<Person>;
  /** A browser of its own for one person, or for a stranger; closed after the test. */
  visit(person?: Person, options?: BrowserContextOptions): Promise<Page>;
}

const BUILT_FILES = ["apps/sync-server/dist/main.js", "apps/editor/.next/standalone"];

/** Starts the product before the tests of a file and ends it after them; keeps screenshots of what failed. */
export function useStage(options: ServerProcessOptions = {}): Stage {
  let launched: Awaited<ReturnType<typeof launchBrowser>>;
  let server: ServerProcess;
  let administrator: Promise<Person> | undefined;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    const missing = BUILT_FILES.filter(file => !existsSync(repositoryPath(file)));
    if (missing.length > 0) throw new Error(`Not built: ${missing.join(", ")}. Run npm run build first.`);
    launched = await launchBrowser();
    server = await startServerProcess({ entry: "built", pages: true, ...options });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") {
      const files = await keepScreenshots(launched.browser, task.name);
      console.error([...files, server.output.slice(-3_000)].join("\n"));
    }
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(async () => {
    await launched?.browser.close();
    await server?.[Symbol.asyncDispose]();
  });

  return {
    get server() {
      return server;
    },
    administrator() {
      administrator ??= signInOrSetUp(server);
      return administrator;
    },
    async visit(person, contextOptions = {}) {
      const context = await launched.browser.newContext({ baseURL: server.url, ...contextOptions });
      contexts.push(context);
      if (person !== undefined) await context.addCookies(cookiesOf(person, server.url));
      return context.newPage();
    },
  };
}

async function signInOrSetUp(server: ServerProcess): Promise<Person> {
  const { needsSetUp } = await firstAdministrator(server.url).request<Me>("GET", `${API_PATH}/me`);
  return needsSetUp ? setUp(server) : firstAdministrator(server.url).signIn();
}

function cookiesOf(person: Person, url: string): { name: string; value: string; url: string }[] {
  return person.cookie.split("; ").map(pair => {
    const at = pair.indexOf("=");
    return { name: pair.slice(0, at), value: pair.slice(at + 1), url };
  });
}

/** The text that is written, once the editor has taken it over. */
export async function openEditor(page: Page, path: string): Promise<Locator> {
  await page.goto(path);
  return editorOf(page);
}

/** The editor of a page that is already there. */
export async function editorOf(page: Page): Promise<Locator> {
  await page.locator(".octavo-editor[data-ready=true]").waitFor();
  return page.getByRole("textbox", { name: /^Document, / });
}

/** Nothing written in this window is without its acknowledgement. */
export async function waitUntilSaved(page: Page, withinMs = 30_000): Promise<void> {
  await page.locator('.octavo-save-state[data-settled="true"]').waitFor({ timeout: withinMs });
}

/** Resolves when the page shows the text anywhere. */
export async function waitForText(page: Page, text: string | RegExp, withinMs = 15_000): Promise<void> {
  await page.getByText(text).first().waitFor({ timeout: withinMs });
}

/** Body text of an editor without the carets of others, which are no text. */
export function textOf(editor: Locator): Promise<string> {
  return editor.evaluate(element => {
    const copy = element.cloneNode(true) as HTMLElement;
    for (const caret of copy.querySelectorAll(".octavo-caret")) caret.remove();
    // A line for each block, as somebody would read it.
    return [...copy.children].map(block => block.textContent).join("\n");
  });
}

/** Waits until both windows show the same text, and returns it. */
export function sameText(first: Locator, second: Locator): Promise<string> {
  return eventually(
    async () => {
      const [one, other] = await Promise.all([textOf(first), textOf(second)]);
      return one === other ? one : undefined;
    },
    { what: "the same text in both windows" },
  );
}

/** Id at the end of a document's address. */
export function documentIdOf(page: Page): string {
  return new URL(page.url()).pathname.slice(-22);
}
