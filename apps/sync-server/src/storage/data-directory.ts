import { createHash, randomBytes, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, realpath, rename, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { DataDirectoryError } from "./data-directory-error.ts";
import { readIfThere } from "./durable-file.ts";

/**
 * One server a data directory. LevelDB's own LOCK is not enough: it is dropped when anything in the holding process
 * opens and closes that file. Ours is a listening unix socket, which ends with its process, however that ends, and
 * is seen by every process that sees the directory, also from another container.
 *
 * Each contender listens under a name of its own that is never used again and then looks for others. Of two, the
 * one that listened later sees the earlier one, so both cannot win; and since names are never used again, removing
 * a name that nobody listens on cannot remove anybody's lock. Two that see each other before either holds both
 * withdraw and try again after a random wait.
 */
export interface DataDirectoryLock {
  release(): Promise<void>;
}

/** `sun_path` has 108 bytes on Linux and 104 on macOS, with the closing zero. */
const MAX_SOCKET_PATH_BYTES = 100;
const ATTEMPTS = 20;
const MAX_WAIT_MS = 50;
/** A stopped process accepts without answering: it holds the lock all the same. */
const ANSWER_MS = 1_000;

const holderSchema = z.object({
  pid: z.number(),
  host: z.string(),
  startedAt: z.string(),
  /** The boot of the machine: a process number means nothing after another one. */
  bootId: z.string().optional(),
});
type Holder = z.infer<typeof holderSchema>;

const answerSchema = z.object({ holds: z.boolean(), holder: holderSchema });

type Rival = { holds: boolean; holder?: Holder };

/**
 * Makes the directory (0700) where it is missing and takes the lock on it. @throws DataDirectoryError DATA_IN_USE when
 * another server has it, DATA_NOT_WRITABLE
 */
export async function lockDataDirectory(dataDir: string): Promise<DataDirectoryLock> {
  const directory = await makeWritable(resolve(dataDir));
  const sockets = await socketDirectory(directory);
  const pidFile = join(directory, "octavo.pid");
  const holder = await describeThisProcess();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const contender = await Contender.listen(sockets, holder);
    const rival = await findRival(sockets, contender.name);
    if (!rival) {
      contender.holds = true;
      await writeFile(pidFile, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
      return {
        release: async () => {
          await rm(pidFile, { force: true });
          await contender.withdraw();
        },
      };
    }
    await contender.withdraw();
    if (rival.holds) throw inUse(directory, rival.holder ?? (await readPidFile(pidFile)));
    await new Promise(done => setTimeout(done, Math.random() * MAX_WAIT_MS));
  }
  throw inUse(directory, undefined);
}

/**
 * After the first start the catalog is there too: with an empty one in its place, every document would belong to
 * nobody and the next visitor could become the administrator. @throws DataDirectoryError DATA_MISSING
 */
export async function requireCatalog(dataDir: string, catalogFile: string): Promise<void> {
  const hasStarted = (await readIfThere(join(dataDir, "VERSION"))) !== undefined;
  if (!hasStarted || existsSync(catalogFile)) return;
  throw new DataDirectoryError(
    "DATA_MISSING",
    `${catalogFile} should hold accounts and access and is missing. ` +
      "Nothing was changed. Is the right volume mounted? Otherwise restore the directory from a backup.",
  );
}

/** A listening socket under a name that is used once. */
class Contender {
  readonly name: string;
  holds = false;
  readonly #path: string;
  readonly #server: Server;

  private constructor(path: string, name: string, server: Server) {
    this.#path = path;
    this.name = name;
    this.#server = server;
  }

  static async listen(sockets: string, holder: Holder): Promise<Contender> {
    const name = newName();
    const server = createServer();
    const contender = new Contender(join(sockets, name), name, server);
    server.on("connection", socket => {
      // Whoever asks may go away at any moment; that is no failure of ours.
      socket.on("error", () => socket.destroy());
      socket.end(JSON.stringify({ holds: contender.holds, holder }));
    });
    // Between bind and listen a socket looks as if its process were dead: it gets its name only when it listens.
    const unready = join(sockets, `${name}.new`);
    await listen(server, unready);
    await rename(unready, contender.#path);
    server.unref();
    return contender;
  }

  async withdraw(): Promise<void> {
    await rm(this.#path, { force: true });
    await new Promise(done => this.#server.close(done));
  }
}

/** Anybody else who listens; names of the dead are removed on the way. */
async function findRival(sockets: string, own: string): Promise<Rival | undefined> {
  const names = (await readdir(sockets)).filter(name => name.endsWith(".lock") && name !== own);
  let rival: Rival | undefined;
  for (const name of names) {
    const found = await ask(join(sockets, name));
    if (found === "dead") await rm(join(sockets, name), { force: true });
    else if (found === "gone") continue;
    else if (!rival?.holds) rival = found;
  }
  return rival;
}

async function ask(path: string): Promise<Rival | "dead" | "gone"> {
  return await new Promise(answer => {
    let text = "";
    const socket: Socket = connect(path);
    // What cannot be asked is taken for a holder: refusing to start is the safe mistake.
    const unknown = () => answer(readAnswer(text) ?? { holds: true });
    socket.setEncoding("utf8").setTimeout(ANSWER_MS, () => {
      unknown();
      socket.destroy();
    });
    socket.on("data", chunk => {
      text += chunk;
    });
    socket.on("end", unknown);
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") answer("dead");
      else if (error.code === "ENOENT") answer("gone");
      else unknown();
    });
  });
}

function readAnswer(text: string): Rival | undefined {
  const answer = answerSchema.safeParse(parseJson(text));
  return answer.success ? answer.data : undefined;
}

async function makeWritable(directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const probe = join(directory, `.write-test-${randomUUID()}`);
    await writeFile(probe, "", { mode: 0o600 });
    await rm(probe);
    return await realpath(directory);
  } catch (error) {
    throw new DataDirectoryError("DATA_NOT_WRITABLE", notWritable(directory, error), { cause: error });
  }
}

function notWritable(directory: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const isForbidden = code === "EACCES" || code === "EPERM";
  if (!isForbidden || !process.getuid || !process.getgid)
    return `${directory} cannot be written: ${String(error)}`;
  const owner = `${process.getuid()}:${process.getgid()}`;
  return `${directory} cannot be written by this user. Run: sudo mkdir -p '${directory}' && sudo chown -R ${owner} '${directory}'`;
}

/**
 * Inside the data directory; in the system's temporary directory where that path is too long for a socket or the
 * file system has none (folders that Docker Desktop shares), which other containers then do not see.
 */
async function socketDirectory(directory: string): Promise<string> {
  const inside = join(directory, "lock");
  await mkdir(inside, { recursive: true, mode: 0o700 });
  if (await takesSockets(inside)) return inside;
  const hash = createHash("sha256").update(directory).digest("hex").slice(0, 16);
  const outside = join(tmpdir(), `octavo-${hash}`);
  await mkdir(outside, { recursive: true, mode: 0o700 });
  return outside;
}

async function takesSockets(directory: string): Promise<boolean> {
  const path = join(directory, `${newName()}.new`);
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) return false;
  const server = createServer();
  try {
    await listen(server, path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (["EOPNOTSUPP", "ENOTSUP", "EINVAL", "EPERM"].includes(code)) return false;
    throw error;
  }
  await new Promise(done => server.close(done));
  return true;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((ready, failed) => {
    server.once("error", failed);
    server.listen(path, ready);
  });
}

/** 72 random bits are enough never to meet again, and short enough for a socket's path. */
function newName(): string {
  return `${randomBytes(9).toString("hex")}.lock`;
}

async function describeThisProcess(): Promise<Holder> {
  const bootId = await readIfThere("/proc/sys/kernel/random/boot_id");
  return {
    pid: process.pid,
    host: hostname(),
    startedAt: new Date().toISOString(),
    ...(bootId && { bootId: bootId.trim() }),
  };
}

async function readPidFile(file: string): Promise<Holder | undefined> {
  const holder = holderSchema.safeParse(parseJson((await readIfThere(file)) ?? ""));
  return holder.success ? holder.data : undefined;
}

function inUse(directory: string, holder: Holder | undefined): DataDirectoryError {
  const who = holder
    ? `process ${holder.pid} on ${holder.host} since ${holder.startedAt}`
    : "another process";
  return new DataDirectoryError("DATA_IN_USE", `data is in use by ${who} (${directory})`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
