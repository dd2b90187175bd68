/**
 * Every error that leaves the server, once. The code word is the only thing that travels on all roads
 * (problem+json `code`, close reason, refusal message), so it is stable for ever; messages are free.
 * Call sites decide nothing: the table says HTTP status, close code, what the other side can do, log level.
 */
export type Recovery = "retry" | "sign-in" | "reload" | "never";
export type LogLevel = "debug" | "info" | "warn" | "error";

interface ErrorRow {
  /** HTTP status of a problem response. */
  status: number;
  /** WebSocket close code: 44xx is permanent, 45xx and 101x mean "come back". */
  closeCode: number;
  recovery: Recovery;
  logLevel: LogLevel;
  /** One sentence for docs/errors.md and the `title` of a problem response. */
  title: string;
}

const row = (
  status: number,
  closeCode: number,
  recovery: Recovery,
  logLevel: LogLevel,
  title: string,
): ErrorRow => ({
  status,
  closeCode,
  recovery,
  logLevel,
  title,
});

export const ERRORS = {
  INVALID_REQUEST: row(400, 4400, "never", "info", "The request does not have the expected form."),
  MALFORMED_FRAME: row(400, 4400, "never", "warn", "A frame could not be read as the sync protocol."),
  MALFORMED_UPDATE: row(
    400,
    4400,
    "never",
    "warn",
    "An update is not a well-formed Yjs update within the limits.",
  ),
  NOT_SIGNED_IN: row(401, 4401, "sign-in", "info", "This needs a sign-in."),
  INVALID_CREDENTIALS: row(401, 4401, "sign-in", "info", "E-mail or password is wrong."),
  TOKEN_INVALID: row(401, 4401, "sign-in", "info", "The access token is not valid."),
  TOKEN_EXPIRED: row(401, 4401, "sign-in", "info", "The access token has expired."),
  FORBIDDEN: row(403, 4403, "never", "info", "This is not allowed."),
  ORIGIN_NOT_ALLOWED: row(403, 4403, "never", "warn", "Requests from this origin are not allowed."),
  READ_ONLY: row(403, 4403, "never", "info", "This connection may read but not write."),
  FOREIGN_CLIENT_ID: row(
    403,
    4403,
    "reload",
    "warn",
    "A Yjs client id of this update belongs to somebody else.",
  ),
  SETUP_TOKEN_INVALID: row(403, 4403, "never", "warn", "The set-up link is not valid or was used."),
  NOT_FOUND: row(404, 4404, "never", "info", "There is nothing here, or you have no access to it."),
  METHOD_NOT_ALLOWED: row(405, 4400, "never", "info", "This address does not know this method."),
  EPOCH_MISMATCH: row(
    409,
    4409,
    "reload",
    "info",
    "The document was replaced; this copy belongs to an older one.",
  ),
  CONFLICT: row(409, 4409, "never", "info", "This is already so, or contradicts what is there."),
  GONE: row(410, 4410, "never", "info", "The document was deleted."),
  CONNECTION_LOST: row(
    410,
    4500,
    "retry",
    "info",
    "The connection has ended, or frames of it are lost; open another one.",
  ),
  TOO_LARGE: row(413, 4413, "never", "info", "This is larger than the limit."),
  DOCUMENT_TOO_LARGE: row(413, 4413, "never", "info", "The document has reached its largest size."),
  UNSUPPORTED_FORMAT: row(415, 4400, "never", "info", "This format is not supported."),
  CLIENT_TOO_OLD: row(426, 4426, "reload", "info", "The editor in the browser is older than the document."),
  TOO_MANY_REQUESTS: row(429, 4529, "retry", "info", "Too many requests; try again later."),
  TOO_MANY_CONNECTIONS: row(429, 4529, "retry", "warn", "Too many connections; try again later."),
  TOO_FAST: row(429, 4529, "retry", "warn", "Frames arrive faster than they can be taken."),
  TOO_SLOW: row(503, 1013, "retry", "info", "The connection does not read what is sent to it."),
  HELD_TOO_LONG: row(409, 4500, "retry", "warn", "An update waits for an earlier one that did not come."),
  INTERNAL: row(500, 4500, "retry", "error", "Something went wrong on the server."),
  APPEND_FAILED: row(507, 4503, "retry", "error", "The server cannot write to its disk."),
  LOAD_FAILED: row(500, 4500, "retry", "error", "The document could not be read from disk."),
  DOCUMENT_DAMAGED: row(
    500,
    4500,
    "never",
    "error",
    "The stored document is damaged; an administrator has to repair it.",
  ),
  CONVERSION_FAILED: row(422, 4400, "never", "info", "The content could not be converted."),
  PAGES_UNAVAILABLE: row(503, 4503, "retry", "warn", "The pages are starting."),
  SHUTTING_DOWN: row(503, 1012, "retry", "info", "The server is restarting."),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERRORS, value);
}

/** The one error class that carries a stable code. A mistake in the program is a TypeError without one. */
export class AppError extends Error {
  readonly code: ErrorCode;
  /** Plain data for the problem response and the log; never content, tokens or names. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message?: string,
    options: { cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(message ?? ERRORS[code].title, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** What a client does about a close: the reason's code word decides; the number only where the word is unknown. */
export function recoveryOfClose(closeCode: number, reason: string): Recovery {
  if (isErrorCode(reason)) return ERRORS[reason].recovery;
  if (closeCode === 4401) return "sign-in";
  if (closeCode === 4409 || closeCode === 4426) return "reload";
  return closeCode >= 4400 && closeCode <= 4499 ? "never" : "retry";
}
