import { AppError } from "@octavo/schema";
import { actorOf, type Identity, nameOf } from "../accounts/identity.ts";
import type { HtmlCache } from "./html-cache.ts";
import type { DocumentsParts } from "./parts.ts";
import { requireAccess } from "./require-access.ts";
import { type DocumentSummary, summaryFrom } from "./summary.ts";

export interface View {
  document: DocumentSummary;
  html: string;
  guest: boolean;
  user: { id: string; name: string; color: number };
}

/** All that the page of a document shows before any script runs. @throws NOT_FOUND */
export async function viewDocument(
  { catalog, access, rooms, render }: DocumentsParts,
  cache: HtmlCache,
  identity: Identity | undefined,
  documentId: string,
): Promise<View> {
  const { role } = await requireAccess(access, identity, documentId, "read");
  if (!identity) throw new AppError("NOT_FOUND");
  const { update, seq } = await rooms.readState(documentId);
  const html = await cache.get(documentId, seq, async () => textOf(await render.renderState(update, "html")));
  return {
    document: await summaryFrom(catalog, documentId, role),
    html,
    guest: identity.kind === "guest",
    user: { id: actorOf(identity), name: nameOf(identity), color: identity.color },
  };
}

function textOf(rendered: string | Uint8Array): string {
  if (typeof rendered !== "string") throw new TypeError("HTML is text");
  return rendered;
}
