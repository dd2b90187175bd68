import { AppError, type ErrorCode } from "@octavo/schema";
import { ADDRESS_HEADER } from "../accounts/better-auth.ts";
import type { HttpContext, HttpParts } from "./route.ts";
import { adoptGuest, guestCookie, requestAtOrigin } from "./sessions.ts";

/** What of Better Auth is open; the rest of its endpoints do not exist here. */
const OPEN = new Set([
  "POST /api/auth/sign-in/email",
  "POST /api/auth/sign-out",
  "GET /api/auth/get-session",
  "GET /api/auth/list-sessions",
  "POST /api/auth/revoke-session",
  "POST /api/auth/revoke-sessions",
  "POST /api/auth/revoke-other-sessions",
  "POST /api/auth/change-password",
]);

/** Answers `/api/auth/*` by Better Auth, with our problems for its errors. */
export async function answerAuth(c: HttpContext, parts: HttpParts): Promise<Response> {
  const endpoint = `${c.req.method} ${new URL(c.req.url).pathname}`;
  if (!OPEN.has(endpoint)) throw new AppError("NOT_FOUND");
  c.set("route", endpoint.slice(endpoint.indexOf(" ") + 1));

  const headers = new Headers(c.req.raw.headers);
  headers.set(ADDRESS_HEADER, c.get("address"));
  const body = c.req.method === "GET" ? undefined : await c.req.text();
  const response = await parts.accounts.handler(requestAtOrigin(c, headers, body));
  if (response.status >= 400) throw await errorOf(response, endpoint);

  const answer = new Response(response.body, response);
  if (await adoptGuest(c, parts, answer.headers.getSetCookie()))
    answer.headers.append("set-cookie", guestCookie(c, ""));
  return answer;
}

const CODES: Record<number, ErrorCode> = {
  400: "INVALID_REQUEST",
  401: "NOT_SIGNED_IN",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  413: "TOO_LARGE",
  415: "UNSUPPORTED_FORMAT",
  422: "INVALID_REQUEST",
  429: "TOO_MANY_REQUESTS",
};

async function errorOf(response: Response, endpoint: string): Promise<AppError> {
  const wrongPassword = response.status === 401 && endpoint.endsWith("/sign-in/email");
  const code = wrongPassword ? "INVALID_CREDENTIALS" : (CODES[response.status] ?? "INTERNAL");
  const retryAfter = Number(response.headers.get("x-retry-after")) || undefined;
  const { message } = (await response.json().catch(() => ({}))) as { message?: string };
  return new AppError(code, code === "INVALID_REQUEST" ? message : undefined, { details: { retryAfter } });
}
