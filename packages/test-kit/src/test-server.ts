import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Role } from "@octavo/schema";
import type { ContentIn, DocumentRecord, LinkRecord } from "@octavo/schema/http";
import { API_PATH, AUTH_PATH } from "@octavo/schema/protocol";
import { eventually, within } from "./eventually.ts";
import { repositoryPath } from "./repository.ts";
import { type TemporaryDirectory, temporaryDirectory } from "./temp-directory.ts";

/** As `npm start` and the image start it. */
const FLAGS = ["--max-semi-space-size=8"];

export interface ServerProcessOptions {
  /** `source`: TypeScript as it stands. `built`: what `npm run build` made. */
  entry?: "source" | "built";
  /** Without pages the start is faster; with them the build must be there. */
  pages?: boolean;
  /** Kept by the caller; absent means an empty one that goes with the server. */
  dataDirectory?: string;
  port?: number;
  environment?: Record<string, string>;
  /** Wraps the command, for limits of the operating system: `["prlimit", "--fsize=…"]`. */
  through?: readonly string[];
  readyWithinMs?: number;
}

/** The real server as a child process of the test: it can be killed and started again on the same data and port. */
export class ServerProcess implements AsyncDisposable {
  readonly port: number;
  readonly dataDirectory: string;
  /** Everything the server has printed, of all its starts. */
  output = "";
  readonly #options: ServerProcessOptions;
  readonly #ownDirectory: TemporaryDirectory | undefined;
  #child: ChildProcess | undefined;

  constructor(options: ServerProcessOptions, port: number, directory: TemporaryDirectory | string) {
    this.#options = options;
    this.port = port;
    this.#ownDirectory = typeof directory === "string" ? undefined : directory;
    this.dataDirectory = typeof directory === "string" ? directory : directory.path;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The one-time link that the server printed, if it did. */
  get setUpUrl(): string | undefined {
    return /https?:\/\/[^\s"]+\/setup\?token=[\w-]+/.exec(this.output)?.[0];
  }

  /** Starts the process and resolves when it is ready for work. @throws Error with its output when it is not */
  async start(): Promise<void> {
    const child = this.#spawn();
    this.#child = child;
    const exited = once(child, "exit").then(([code, signal]) => {
      throw new Error(`The server ended with ${code ?? signal} at its start:\n${this.output}`);
    });
    const withinMs = this.#options.readyWithinMs ?? 60_000;
    const ready = eventually(() => this.#isReady(), { withinMs, what: "the server" });
    await Promise.race([ready, exited]);
    exited.catch(() => {});
  }

  /** Ends the process as a power cut would: nothing is flushed. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Asks the process to end and resolves with its exit code. */
  async stop(withinMs = 20_000): Promise<number | null> {
    return this.#end("SIGTERM", withinMs);
  }

  /** Gives the process a signal; what it does then is for the test to see. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Resolves with the exit code (null after a signal) once the process is over. */
  async ended(withinMs = 20_000): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    const [code] = await within(once(child, "exit"), { withinMs, what: "the server to end" });
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#ownDirectory?.remove();
  }

  #spawn(): ChildProcess {
    const { entry = "source", pages = false, environment = {}, through = [] } = this.#options;
    const server = repositoryPath("apps/sync-server");
    const main =
      entry === "built"
        ? [`${server}/dist/main.js`]
        : ["--conditions=octavo-source", `${server}/src/main.ts`];
    const [command, ...args] = [...through, process.execPath, ...FLAGS, ...main];
    const child = spawn(command as string, args, {
      cwd: repositoryPath(),
      env: {
        ...withoutOurOwn(process.env),
        NODE_ENV: "production",
        PORT: String(this.port),
        HOST: "127.0.0.1",
        DATA_DIR: this.dataDirectory,
        // Pages "elsewhere", where nobody listens: the API needs none.
        ...(!pages && { EDITOR_URL: "http://127.0.0.1:9", OCTAVO_INTERNAL_SECRET: "no-pages-".repeat(4) }),
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", chunk => {
        this.output += chunk;
      });
    }
    return child;
  }

  async #isReady(): Promise<boolean> {
    const { pages = false } = this.#options;
    if (!(await fetch(`${this.url}/readyz`)).ok) return false;
    return !pages || (await fetch(this.url)).status < 500;
  }

  async #end(signal: NodeJS.Signals, withinMs = 20_000): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, "exit");
      child.kill(signal);
      // A server that does not end can still be killed.
      await within(exit, { withinMs, what: `the server to end at ${signal}` });
    }
    if (this.#child === child) this.#child = undefined;
    return child.exitCode;
  }
}

/** Starts the server in a child process, on a free port unless one is given. */
export async function startServerProcess(options: ServerProcessOptions = {}): Promise<ServerProcess> {
  const directory = options.dataDirectory ?? (await temporaryDirectory());
  const server = new ServerProcess(options, options.port ?? (await freePort()), directory);
  try {
    await server.start();
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

/** A port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new TypeError("A TCP server has a port");
  return address.port;
}

/** A person with an account, and what they may ask of the API. */
export class Person {
  readonly name: string;
  readonly email: string;
  readonly password: string;
  /** Value of the `cookie` header. */
  cookie = "";
  readonly #url: string;

  constructor(url: string, name: string) {
    this.#url = url;
    this.name = name;
    this.email = `${name.toLowerCase().replace(/\W+/g, ".")}@example.com`;
    this.password = `${name}: correct horse`;
  }

  /** One request with the person's session. @throws Error with the problem for any status of 400 and above */
  async request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.fetch(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    const isJson = response.headers.get("content-type")?.includes("json");
    return (isJson ? JSON.parse(text) : text) as T;
  }

  /** The same, with whatever answer comes. */
  fetch(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(this.#url + path, {
      method,
      redirect: "manual",
      headers: {
        origin: this.#url,
        ...(this.cookie && { cookie: this.cookie }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  async signIn(): Promise<this> {
    const { email, password } = this;
    const response = await this.fetch("POST", `${AUTH_PATH}/sign-in/email`, { email, password });
    if (!response.ok) throw new Error(`sign-in: ${response.status} ${await response.text()}`);
    this.cookie = response.headers
      .getSetCookie()
      .map(cookie => cookie.split(";")[0])
      .join("; ");
    return this;
  }

  /** An account for somebody else, by an invitation of this person. */
  async invite(name: string): Promise<Person> {
    const invitation = await this.request<{ url: string }>("POST", `${API_PATH}/invitations`, {});
    const person = new Person(this.#url, name);
    await person.request("POST", `${API_PATH}/invitations/accept`, {
      token: tokenOf(invitation.url),
      ...person.credentials,
    });
    return person.signIn();
  }

  createDocument(title: string, content?: ContentIn): Promise<DocumentRecord> {
    return this.request("POST", `${API_PATH}/documents`, { title, ...(content && { content }) });
  }

  createLink(documentId: string, role: "viewer" | "commenter" | "editor"): Promise<LinkRecord> {
    return this.request("POST", `${API_PATH}/documents/${documentId}/links`, { role });
  }

  async accessToken(documentId: string, role: Role, user?: { id: string; name: string }): Promise<string> {
    const body = { role, ...(user && { user }) };
    const path = `${API_PATH}/documents/${documentId}/access-tokens`;
    return (await this.request<{ token: string }>("POST", path, body)).token;
  }

  /** The stored document in a text format. */
  read<T = string>(documentId: string, format: "json" | "html" | "markdown" | "text"): Promise<T> {
    return this.request("GET", `${API_PATH}/documents/${documentId}?format=${format}`);
  }

  /** The stored document as a Yjs update (V1). */
  async readUpdate(documentId: string): Promise<Uint8Array> {
    const response = await this.fetch("GET", `${API_PATH}/documents/${documentId}?format=yjs`);
    if (!response.ok) throw new Error(`read: ${response.status} ${await response.text()}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  get credentials(): { name: string; email: string; password: string } {
    return { name: this.name, email: this.email, password: this.password };
  }
}

/** The first administrator of every test, who may exist already. */
export function firstAdministrator(url: string): Person {
  return new Person(url, "Ada Admin");
}

/** Creates the first administrator by the set-up link and signs in, through the API. */
export async function setUp(server: { url: string; setUpUrl: string | undefined }): Promise<Person> {
  // The port answers a moment before the link is printed.
  const link = await eventually(() => server.setUpUrl, { what: "the set-up link" });
  const person = firstAdministrator(server.url);
  await person.request("POST", `${API_PATH}/set-up`, {
    token: tokenOf(link),
    ...person.credentials,
  });
  return person.signIn();
}

/** The secret of a set-up or invitation link: its query `token`, or its last path segment. */
function tokenOf(link: string): string {
  const url = new URL(link);
  return url.searchParams.get("token") ?? decodeURIComponent(url.pathname.split("/").at(-1) ?? "");
}

/** The test runner's own variables would change the product, or be refused by it. */
function withoutOurOwn(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = /^(OCTAVO_|VITEST|NODE_OPTIONS$|NODE_ENV$|PORT$|HOST$|DATA_DIR$|ADMIN_)/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !ours.test(name)));
}
