import { AppError, LIMITS, newId } from "@octavo/schema";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import type { ContentIn } from "@octavo/schema/http";
import { parseUpdateMeta } from "yjs";
import { accountOf } from "../access/decide.ts";
import { actorOf, type Identity } from "../accounts/identity.ts";
import { isDeeperThan } from "./json-depth.ts";
import type { DocumentsParts } from "./parts.ts";
import { type DocumentSummary, summaryFrom, UNTITLED } from "./summary.ts";
import { titleFrom } from "./title.ts";
import { whileWritable } from "./while-writable.ts";

export interface NewDocument {
  title?: string | undefined;
  content?: ContentIn | undefined;
}

/** One empty paragraph. It is made here, once: two clients that each made their own would have two. */
const EMPTY: ContentIn = { format: "json", body: { type: "doc", content: [{ type: "paragraph" }] } };

/** A level of the text is two of its JSON; deeper than this is no text, and exhausts the stack of what reads it. */
const MAX_JSON_DEPTH = 500;

/**
 * Creates a document of the asker's own. The text is on disk before the row that lists it: a crash in between
 * leaves text that nobody sees, never a listed document without one.
 * @throws NOT_SIGNED_IN, CONVERSION_FAILED, DOCUMENT_TOO_LARGE, APPEND_FAILED
 */
export async function createDocument(
  { store, catalog, render, clock }: DocumentsParts,
  identity: Identity | undefined,
  { title, content = EMPTY }: NewDocument,
): Promise<DocumentSummary> {
  const ownerId = accountOf(identity);
  if (!identity || ownerId === undefined) throw new AppError("NOT_SIGNED_IN");
  if (content.format === "json" && isDeeperThan(content.body, MAX_JSON_DEPTH)) {
    throw new AppError("CONVERSION_FAILED", "The content is nested too deeply.");
  }
  const { update, title: heading } = await render.ydocFromContent(content);
  if (update.byteLength > LIMITS.documentBytes) throw new AppError("DOCUMENT_TOO_LARGE");
  const { snippet } = await render.digest(update);

  const id = newId();
  const now = clock.now();
  await whileWritable(store, () =>
    store.create(
      { documentId: id, epoch: 1, schemaVersion: SCHEMA_VERSION, kind: "document", createdAt: now },
      { update, actor: actorOf(identity), claims: [...parseUpdateMeta(update).from.keys()] },
    ),
  );
  await catalog.documents.insert({
    id,
    ownerId,
    title: title || titleFrom(heading) || UNTITLED,
    titleDerived: title ? 0 : 1,
    snippet,
    createdAt: now,
    updatedAt: now,
    trashedAt: null,
  });
  return summaryFrom(catalog, id, "owner");
}
