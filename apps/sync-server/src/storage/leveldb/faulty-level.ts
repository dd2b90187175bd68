import type { LevelDatabase, LevelFactory } from "./database.ts";

/** What the disk does to one operation; `afterwards`: it took the bytes and then said that it did not. */
export interface Fault {
  error: Error;
  afterwards?: boolean;
}

export interface FaultyLevel {
  level: LevelFactory;
  /** Writes on a handle that had already failed: LevelDB would acknowledge them and lose them. Must stay 0. */
  writesAfterFailure(): number;
}

export const diskFull = (): Error => new Error("IO error: 000012.log: No space left on device");

/** A database whose batches and openings fail as `next` says; for tests. */
export function faultyLevel(
  make: LevelFactory,
  next: (operation: "batch" | "open") => Fault | undefined,
): FaultyLevel {
  let writesAfterFailure = 0;
  const level: LevelFactory = directory => {
    const handle = make(directory);
    const open = handle.open.bind(handle);
    const batch = handle.batch.bind(handle) as (...args: unknown[]) => Promise<void>;
    let hasFailed = false;

    const withFault = async (operation: "batch" | "open", run: () => Promise<void>): Promise<void> => {
      const fault = next(operation);
      if (!fault || fault.afterwards) await run();
      if (fault) throw fault.error;
    };
    const faulty = {
      open: (options: Parameters<typeof open>[0]) => withFault("open", () => open(options)),
      batch: async (...args: unknown[]) => {
        if (hasFailed) writesAfterFailure++;
        try {
          await withFault("batch", () => batch(...args));
        } catch (error) {
          hasFailed = true;
          throw error;
        }
      },
    };
    return Object.assign(handle, faulty) as LevelDatabase;
  };
  return { level, writesAfterFailure: () => writesAfterFailure };
}
