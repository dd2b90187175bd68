import type { Action } from "@octavo/schema";
import { createAccessToken, createLink, type LINK_ROLES, type LinkRecord } from "@octavo/schema/http";
import { LINK_PATH } from "@octavo/schema/protocol";
import type { Link } from "../access/create-access.ts";
import type { Identity } from "../accounts/identity.ts";
import { requireAccess } from "../documents/require-access.ts";
import { readBody, readId } from "./read-request.ts";
import type { HttpContext, HttpParts, Route } from "./route.ts";

export const sharingRoutes: Route[] = [
  {
    method: "GET",
    path: "/documents/:id/links",
    needs: "document:share",
    async handle(c, parts) {
      const { documentId } = await admit(c, parts, "share");
      const links = await parts.access.links(documentId);
      return c.json({ items: links.map(link => record(c, link)) });
    },
  },
  {
    method: "POST",
    path: "/documents/:id/links",
    needs: "document:share",
    async handle(c, parts) {
      const { documentId } = await admit(c, parts, "share");
      const { role } = await readBody(c, createLink);
      return c.json(record(c, await parts.access.createLink(documentId, role)), 201);
    },
  },
  {
    method: "DELETE",
    path: "/documents/:id/links/:linkId",
    needs: "document:share",
    async handle(c, parts) {
      const { documentId } = await admit(c, parts, "share");
      await parts.access.revokeLink(documentId, readId(c, "linkId"));
      return c.body(null, 204);
    },
  },
  {
    method: "POST",
    path: "/documents/:id/access-tokens",
    needs: "document:write",
    async handle(c, parts) {
      const { asker, documentId } = await admit(c, parts, "write");
      const request = await readBody(c, createAccessToken);
      const { token, expiresAt } = await parts.access.issueToken(asker, documentId, request);
      return c.json({ token, expiresAt: new Date(expiresAt).toISOString() }, 201);
    },
  },
];

async function admit(c: HttpContext, { access }: HttpParts, action: Action) {
  const [asker, documentId] = [await c.get("identify")(), readId(c, "id")];
  await requireAccess(access, asker, documentId, action);
  // Access was given, so somebody asked.
  return { asker: asker as Identity, documentId };
}

function record(c: HttpContext, { id, role, createdAt, secret }: Link): LinkRecord {
  return {
    id,
    role: role as (typeof LINK_ROLES)[number],
    url: `${c.get("origin")}${LINK_PATH}${secret}`,
    createdAt: new Date(createdAt).toISOString(),
  };
}
