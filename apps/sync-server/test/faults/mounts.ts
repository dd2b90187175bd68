import { execFileSync } from "node:child_process";
import { temporaryDirectory } from "@octavo/test-kit";

/** Why nothing can be mounted here; undefined where it can. */
export function whyNoMounts(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "mounting needs root on Linux";
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "this environment lets nobody mount";
  }
}

/** A small file system of its own. */
export interface Mounted extends AsyncDisposable {
  readonly path: string;
  remount(options: string): void;
}

export async function mountTmpfs(megabytes: number): Promise<Mounted> {
  return mounted(path => ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path]);
}

/** The same directory under another path. */
export async function mountBound(source: string): Promise<Mounted> {
  return mounted(path => ["--bind", source, path]);
}

async function mounted(argumentsFor: (path: string) => string[]): Promise<Mounted> {
  const directory = await temporaryDirectory("octavo-mount-");
  const { path } = directory;
  execFileSync("mount", argumentsFor(path));
  return {
    path,
    remount: options => execFileSync("mount", ["-o", `remount,${options}`, path]),
    async [Symbol.asyncDispose]() {
      // Lazily: a process that was just killed may hold it for a moment.
      execFileSync("umount", ["--lazy", path]);
      await directory.remove();
    },
  };
}
