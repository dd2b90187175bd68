import { AppError, ERRORS } from "@octavo/schema";
import { problemOf } from "@octavo/schema/http";
import { HTTPException } from "hono/http-exception";
import type { Logger } from "pino";
import type { HttpContext } from "./route.ts";

const MAX_INSTANCE_LENGTH = 300;

/** Answers an error as problem+json. What is not an AppError is our mistake: logged whole, told to nobody. */
export function problemResponse(c: HttpContext, error: unknown, log: Logger): Response {
  const known = asAppError(error);
  const { status, logLevel } = ERRORS[known.code];
  const requestId = c.get("requestId");
  if (known.code === "INTERNAL") log.error({ event: "http.failed", requestId, error });
  else log[logLevel]({ event: "http.refused", requestId, code: known.code });

  const headers = new Headers({ "content-type": "application/problem+json" });
  if (typeof known.details.retryAfter === "number")
    headers.set("retry-after", String(known.details.retryAfter));
  if (typeof known.details.allow === "string") headers.set("allow", known.details.allow);
  if (status === 401) headers.set("www-authenticate", "Bearer");
  return new Response(JSON.stringify(problemOf(known, instanceOf(c))), { status, headers });
}

function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof HTTPException && error.status === 413) return new AppError("TOO_LARGE");
  return new AppError("INTERNAL", undefined, { cause: error });
}

/** The path asked for, without the secret of a link. */
function instanceOf(c: HttpContext): string {
  const { pathname } = new URL(c.req.url);
  return pathname.replace(/^\/s\/.*$/, "/s/…").slice(0, MAX_INSTANCE_LENGTH);
}
