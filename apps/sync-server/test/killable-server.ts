import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { within } from "@octavo/test-kit";

/** A sync server that can be killed without a last word. */
export class KillableServer {
  readonly #directory: string;
  #child: ChildProcess | undefined;
  port = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async start(): Promise<void> {
    const entry = join(import.meta.dirname, "server-process.ts");
    const child = spawn(
      process.execPath,
      ["--conditions=octavo-source", entry, this.#directory, String(this.port)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    this.#child = child;
    const [line] = await within(once(child.stdout!, "data"), { what: "the server's port" });
    this.port = Number(String(line));
  }

  /** Longest stall of its event loop since the last question, or since its start. */
  async longestStallMs(): Promise<number> {
    const child = this.#child!;
    const answer = once(child.stdout!, "data");
    child.kill("SIGUSR2");
    const [line] = await within(answer, { what: "the server's longest stall" });
    return Number(String(line));
  }

  async kill(): Promise<void> {
    const child = this.#child!;
    if (child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await within(exit, { what: "the end of the killed server" });
  }
}
