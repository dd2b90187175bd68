import { AppError } from "@octavo/schema";
import type { MiddlewareHandler } from "hono";
import { bearerOf } from "../accounts/bearer.ts";
import type { HttpEnvironment } from "./route.ts";

/** How long a browser may remember the answer to its question before the request: Chromium's own limit is two hours. */
const PREFLIGHT_SECONDS = 600;

/**
 * Lets pages of `embedOrigins` read a route, with an access token and nothing else: their cookies count for nothing.
 * Other pages are refused, as their sockets are. @throws ORIGIN_NOT_ALLOWED
 */
export function allowEmbedOrigins(embedOrigins: readonly string[]): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    const origin = c.req.header("origin");
    if (origin === undefined || origin === c.get("origin")) return next();
    if (!embedOrigins.includes(origin)) throw new AppError("ORIGIN_NOT_ALLOWED");
    if (c.req.method === "OPTIONS") {
      c.header("access-control-allow-methods", "GET");
      c.header("access-control-allow-headers", "authorization, if-none-match");
      c.header("access-control-max-age", String(PREFLIGHT_SECONDS));
      c.res = c.body(null, 204);
    } else {
      if (bearerOf(c.req.raw.headers) === undefined) c.set("identify", async () => undefined);
      await next();
    }
    c.header("access-control-allow-origin", origin);
    c.header("access-control-expose-headers", "etag");
    c.header("vary", "accept-encoding, origin");
  };
}
