import { type TemporaryDirectory, temporaryDirectory } from "@octavo/test-kit";
import { Inside } from "./load/inside.ts";
import { LoadClient } from "./load/load-client.ts";
import { type ProcessUsage, processUsage } from "./process-usage.ts";
import type { RunningTarget, StartOptions, Target } from "./targets.ts";

export interface StageOptions extends StartOptions {
  /** Looks into the server's process: `inside`. */
  watched?: boolean;
}

/** What the server used meanwhile; undefined where the system does not tell. */
export interface Used {
  cpuMs: number | undefined;
  writtenBytes: number | undefined;
}

/** One server with its documents, and the people in front of it. */
export class Stage implements AsyncDisposable {
  readonly target: Target;
  readonly directory: string;
  /** Names of the documents, in the order they were given. */
  readonly documents: readonly string[];
  readonly #directory: TemporaryDirectory;
  readonly #options: StageOptions;
  readonly #inside: Inside | undefined;
  readonly #clients: LoadClient[] = [];
  #server: RunningTarget | undefined;

  private constructor(
    target: Target,
    directory: TemporaryDirectory,
    documents: readonly string[],
    { options, inside }: { options: StageOptions; inside: Inside | undefined },
  ) {
    this.target = target;
    this.directory = directory.path;
    this.documents = documents;
    this.#directory = directory;
    this.#options = options;
    this.#inside = inside;
  }

  static async open(
    target: Target,
    documents: readonly (Uint8Array | undefined)[],
    options: StageOptions = {},
  ): Promise<Stage> {
    const directory = await temporaryDirectory("octavo-bench-");
    const names = await target.seed(directory.path, documents);
    const inside = options.watched ? await Inside.listen(directory.path) : undefined;
    const stage = new Stage(target, directory, names, { options, inside });
    try {
      await stage.start();
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
    return stage;
  }

  /** @throws TypeError while the server is down */
  get server(): RunningTarget {
    if (this.#server === undefined) throw new TypeError("The server is not running");
    return this.#server;
  }

  /** Starts the server, again on the port it had. */
  async start(): Promise<void> {
    const { environment, through, port } = this.#options;
    this.#server = await this.target.start(this.directory, {
      environment: { ...this.#inside?.environment, ...environment },
      ...(through && { through }),
      ...((this.#port ?? port) !== undefined && { port: (this.#port ?? port) as number }),
    });
    this.#port = this.#server.port;
  }
  #port: number | undefined;

  /** @throws Error when it has not ended in time; it then still runs */
  async stop(withinMs?: number): Promise<void> {
    await this.#server?.stop(withinMs);
    this.#server = undefined;
  }

  async kill(): Promise<void> {
    await this.#server?.kill();
    this.#server = undefined;
  }

  /** Somebody who is not connected yet; each call makes another person. */
  async person(document: number): Promise<LoadClient> {
    const number = this.#clients.length;
    const name = this.documents[document] as string;
    const client = new LoadClient(await this.server.address(name, `person-${number}`), number);
    this.#clients.push(client);
    return client;
  }

  /** People in these documents (by index), connected and synced, a few at a time. */
  async people(documents: readonly number[]): Promise<LoadClient[]> {
    const clients: LoadClient[] = [];
    for (const document of documents) clients.push(await this.person(document));
    await joinInTurn(clients);
    return clients;
  }

  usage(): Promise<ProcessUsage | undefined> {
    return processUsage(this.server.pid);
  }

  /** What the server uses while `work` goes on. */
  async using(work: () => Promise<void>): Promise<Used> {
    const before = await this.usage();
    await work();
    const after = await this.usage();
    const difference = (field: "cpuMs" | "writtenBytes") => before && after && after[field] - before[field];
    return { cpuMs: difference("cpuMs"), writtenBytes: difference("writtenBytes") };
  }

  /** @throws TypeError where the stage was not opened as watched */
  get inside(): Inside {
    if (this.#inside === undefined) throw new TypeError("This stage is not watched");
    return this.#inside;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.drop();
    await this.kill();
    await this.#inside?.[Symbol.asyncDispose]();
    await this.#directory.remove();
  }
}

const JOINING_AT_ONCE = 50;

/** Connects all, so many at a time. */
export async function joinInTurn(clients: readonly LoadClient[], atOnce = JOINING_AT_ONCE): Promise<void> {
  const waiting = [...clients];
  const line = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next.join();
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, clients.length) }, line));
}
