import { documentPath } from "@octavo/schema";
import { actorOf } from "../accounts/identity.ts";
import type { HttpContext, HttpParts } from "./route.ts";
import { guestCookie } from "./sessions.ts";

/** Header of an answer that the door replaces by the pages' "not found"; it never leaves the server. */
export const PASS_TO_PAGES = "x-octavo-pass-to-pages";

/**
 * `GET /s/{secret}`: lets the visitor in and sends them to the document. Somebody without an account becomes a guest.
 * An unknown or revoked link is left to the pages.
 */
export async function openLink(
  c: HttpContext,
  { access, accounts, documents }: HttpParts,
): Promise<Response> {
  const link = await access.linked(c.req.param("secret") ?? "");
  if (!link) return c.body(null, 404, { [PASS_TO_PAGES]: "1" });

  let visitor = await c.get("identify")();
  if (visitor?.kind !== "user" && visitor?.kind !== "guest") {
    const { guest, cookie } = accounts.newGuest();
    c.header("set-cookie", guestCookie(c, cookie));
    visitor = guest;
  }
  const standing = await access.decide(visitor, link.documentId);
  if (standing?.role !== "owner") {
    await access.visit(link.linkId, link.documentId, actorOf(visitor));
  }
  const document = await documents.get(visitor, link.documentId);
  // Relative: the browser knows best by which address it came.
  return c.redirect(documentPath(document), 303);
}
