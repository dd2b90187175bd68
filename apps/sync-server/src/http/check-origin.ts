import { AppError } from "@octavo/schema";
import { bearerOf } from "../accounts/bearer.ts";
import type { HttpContext } from "./route.ts";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * A page of another origin must not act with a person's cookies. A browser says where a changing request comes
 * from, by Origin or at least Sec-Fetch-Site; cookies without either are refused. Programs that send a key or a
 * token are not concerned: it wins over cookies, and no browser adds one by itself, as it does the password of a
 * proxy in front of us. Neither are our own pages, which act for a checked request.
 * @throws ORIGIN_NOT_ALLOWED
 */
export function checkOrigin(c: HttpContext): void {
  if (SAFE_METHODS.has(c.req.method) || c.get("internal") || bearerOf(c.req.raw.headers)) return;
  const origin = c.req.header("origin");
  const site = c.req.header("sec-fetch-site");
  const allowed =
    origin !== undefined
      ? origin === c.get("origin")
      : site !== undefined
        ? site === "same-origin" || site === "none"
        : c.req.header("cookie") === undefined;
  if (!allowed) throw new AppError("ORIGIN_NOT_ALLOWED");
}
