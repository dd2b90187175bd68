import { AppError } from "@octavo/schema";

/** LevelDB gives the system's text inside its message and a code that says only that it was input or output. */
const REASONS: readonly [RegExp, string][] = [
  [/ENOSPC|No space left/i, "The disk is full."],
  [/EDQUOT|quota exceeded/i, "The disk quota is used up."],
  [/EROFS|Read-only file system/i, "The disk is read-only."],
  [/EACCES|EPERM|Permission denied|not permitted/i, "The server may not write to its data directory."],
  [/EMFILE|ENFILE|Too many open files/i, "The server has too many open files."],
  [/EIO|Input\/output error/i, "The disk reports a read or write error."],
  [/ENOENT|No such file|does not exist/i, "Files of the data directory are missing."],
];

/** What to tell people who wait for their text to be saved: no path, no code. */
export function failureReason(error: unknown): string {
  if (error instanceof AppError) return error.message;
  const text = messages(error);
  return REASONS.find(([pattern]) => pattern.test(text))?.[1] ?? "The server cannot write to its disk.";
}

function messages(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  return `${code} ${error.message} ${error.cause === undefined ? "" : messages(error.cause)}`;
}
