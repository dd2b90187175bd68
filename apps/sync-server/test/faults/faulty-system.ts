import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, openSync, readSync, writeFileSync, writeSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@octavo/test-kit";

/** The slots of the control block, in the order of faulty-system.c. */
const SLOTS = [
  "writeError",
  "syncError",
  "hangs",
  "failAt",
  "failError",
  "operations",
  "afterFailure",
  "syncs",
  "clockSeconds",
] as const;
type Slot = (typeof SLOTS)[number];

const { ENOSPC, EIO, EROFS } = constants.errno;
export const ERRNO = { ENOSPC, EIO, EROFS };

/** Why there is none here; undefined where there is one. */
export function whyNoFaultySystem(): string | undefined {
  if (process.platform !== "linux") return "needs Linux: the library is loaded before the C library";
  if (spawnSync("cc", ["--version"]).status !== 0) return "needs a C compiler: cc";
  return undefined;
}

/** A disk and a clock for one server process that a test makes worse while it runs. */
export class FaultySystem implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  readonly #control: number;
  /** Hard links to files whose names went away, by number. */
  readonly graveyard: string;
  /** What each sync made durable, in order. */
  readonly journal: string;

  private constructor(directory: TemporaryDirectory) {
    this.#directory = directory;
    this.graveyard = join(directory.path, "graveyard");
    this.journal = join(directory.path, "journal");
    const control = join(directory.path, "control");
    writeFileSync(control, Buffer.alloc(SLOTS.length * 8));
    this.#control = openSync(control, "r+");
  }

  static async build(): Promise<FaultySystem> {
    const directory = await temporaryDirectory("octavo-faults-");
    const source = join(import.meta.dirname, "faulty-system.c");
    execFileSync("cc", ["-O2", "-shared", "-fPIC", "-o", join(directory.path, "faulty.so"), source, "-ldl"]);
    const system = new FaultySystem(directory);
    await mkdir(system.graveyard);
    return system;
  }

  /** Variables that put it under a server with this data directory. */
  environment(dataDirectory: string, options: { records?: boolean } = {}): Record<string, string> {
    const { path } = this.#directory;
    return {
      LD_PRELOAD: join(path, "faulty.so"),
      FAULTS_CONTROL: join(path, "control"),
      FAULTS_DIRECTORY: join(dataDirectory, "documents"),
      ...(options.records && { FAULTS_JOURNAL: this.journal, FAULTS_GRAVEYARD: this.graveyard }),
    };
  }

  set(slot: Slot, value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    writeSync(this.#control, bytes, 0, 8, SLOTS.indexOf(slot) * 8);
  }

  get(slot: Slot): number {
    const bytes = Buffer.alloc(8);
    readSync(this.#control, bytes, 0, 8, SLOTS.indexOf(slot) * 8);
    return Number(bytes.readBigInt64LE());
  }

  /** The `n`-th write or sync from now on fails, once. */
  failOnce(n: number, errno: number): void {
    this.set("failError", errno);
    this.set("failAt", this.get("operations") + n);
  }

  /** Whether the failure of `failOnce` has come. */
  get hasFailed(): boolean {
    return this.get("operations") >= this.get("failAt");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    closeSync(this.#control);
    await this.#directory.remove();
  }
}
