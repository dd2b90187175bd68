import type { MiddlewareHandler } from "hono";
import type { HttpEnvironment } from "./route.ts";

/** Answers of the API are data: never cached, never framed, never run, whatever a document contains. */
export const securityHeaders: MiddlewareHandler<HttpEnvironment> = async (c, next) => {
  await next();
  const { headers } = c.res;
  headers.set("cache-control", "no-store");
  headers.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
  headers.set("cross-origin-resource-policy", "same-origin");
  headers.set("referrer-policy", "no-referrer");
  headers.set("x-content-type-options", "nosniff");
  headers.set("x-request-id", c.get("requestId"));
};
