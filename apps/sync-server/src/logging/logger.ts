import { idFromSlug } from "@octavo/schema";
import { type DestinationStream, type Logger, type LoggerOptions, pino } from "pino";
import pretty from "pino-pretty";

export type Log = Logger;

export interface LoggingOptions {
  level: string;
  /** `auto` is pretty on a terminal. */
  format: "auto" | "json" | "pretty";
}

/**
 * Fields that must never reach a log, wherever they stand up to two levels down. A net under the rule that nobody
 * logs them in the first place: never content, tokens, names, e-mails, titles.
 */
const SECRET_FIELDS = [
  "authorization",
  "body",
  "content",
  "cookie",
  "cookies",
  "email",
  "headers",
  "key",
  "name",
  "password",
  "secret",
  "setupUrl",
  "text",
  "title",
  "token",
  "update",
];
const REDACTED = SECRET_FIELDS.flatMap(field => [field, `*.${field}`, `*.*.${field}`]);

/** The log of the process: JSON lines on stdout, or lines for a reader. Closed by nobody: writes are synchronous. */
export function createLog(options: LoggingOptions, destination?: DestinationStream): Log {
  const settings: LoggerOptions = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: label => ({ level: label }) },
    redact: { paths: REDACTED, censor: "[redacted]" },
    serializers: { error: errorForLog, err: errorForLog },
  };
  // Synchronous on purpose: what is logged right before a crash is what one looks for afterwards.
  return pino(
    settings,
    destination ?? (isPretty(options.format) ? prettyOutput() : pino.destination({ fd: 1, sync: true })),
  );
}

/** A request's path without its query, which may hold tokens, without the secret of a link, and without a title. */
export function pathForLog(url: string | undefined): string {
  const path = (url ?? "").split(/[?#]/, 1)[0] ?? "";
  const document = /^\/d\/(.+)$/.exec(path)?.[1];
  if (document !== undefined) return `/d/${idFromSlug(document) ?? "…"}`;
  return path.replace(/^\/(s|invite)\/.+$/, "/$1/…").slice(0, 300);
}

function isPretty(format: LoggingOptions["format"]): boolean {
  return format === "pretty" || (format === "auto" && process.stdout.isTTY === true);
}

function prettyOutput(): DestinationStream {
  return pretty({
    destination: 1,
    sync: true,
    colorize: process.stdout.isTTY === true,
    translateTime: "SYS:HH:MM:ss",
    messageFormat: "{event} {msg}",
    ignore: "event",
  });
}

/** Code, message, stack and cause of an error, without the other fields that libraries hang on it. */
function errorForLog(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  return {
    type: error.constructor.name,
    ...(typeof code === "string" && { code }),
    message: error.message,
    stack: error.stack,
    ...(error.cause !== undefined && { cause: errorForLog(error.cause) }),
  };
}
