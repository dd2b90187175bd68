import { randomUUID } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { Identity } from "../accounts/identity.ts";
import { sameSecret } from "../accounts/keys.ts";
import { CLIENT_ADDRESS_HEADER, INTERNAL_HEADER } from "../config/requester.ts";
import type { HttpEnvironment, HttpParts } from "./route.ts";

/** Notes what the later steps need to know of a request, and logs its end: never path, query or body. */
export function describeRequest({
  accounts,
  clock,
  url,
  internalSecret,
  log,
  metrics,
}: HttpParts): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    const startedAt = clock.monotonic();
    const secret = c.req.header(INTERNAL_HEADER);
    const internal = secret !== undefined && sameSecret(secret, internalSecret);
    c.set("requestId", randomUUID());
    c.set("internal", internal);
    c.set("origin", c.env?.origin || url());
    c.set("address", (internal && c.req.header(CLIENT_ADDRESS_HEADER)) || c.env?.clientAddress || "unknown");
    c.set("route", "none");
    let identity: Promise<Identity | undefined> | undefined;
    c.set("identify", () => {
      identity ??= accounts.identify(c.req.raw.headers);
      return identity;
    });

    await next();

    const durationMs = clock.monotonic() - startedAt;
    const { status } = c.res;
    const part = c.req.path.startsWith("/s/") ? "link" : "api";
    metrics.httpRequests.observe({ part, status: `${Math.floor(status / 100)}xx` }, durationMs / 1000);
    log.info({
      event: "http.request",
      requestId: c.get("requestId"),
      method: c.req.method,
      route: c.get("route"),
      status,
      durationMs: Math.round(durationMs * 10) / 10,
    });
  };
}
