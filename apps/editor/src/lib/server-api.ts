import { AppError, isErrorCode } from "@octavo/schema";
import {
  type ApiKeyList,
  apiKeyList,
  type DocumentList,
  type DocumentRecord,
  type DocumentView,
  documentList,
  documentRecord,
  documentView,
  type InvitationRecord,
  invitationList,
  type Me,
  me,
  problem,
} from "@octavo/schema/http";
import { headers } from "next/headers";
import { cache } from "react";
import type { z } from "zod";

/**
 * What the pages ask the sync server on the loopback while they render. The visitor's cookie goes along; the
 * secret of this start tells the server that the client's address beside it may be believed.
 */

/** Who looks at this page. */
export const getMe = cache((): Promise<Me> => ask("/me", me));

/** One page of the visitor's documents, newest change first. */
export function getDocuments(query: {
  trashed?: boolean;
  cursor?: string | undefined;
}): Promise<DocumentList> {
  const search = new URLSearchParams({ trashed: String(query.trashed ?? false) });
  if (query.cursor) search.set("cursor", query.cursor);
  return ask(`/documents?${search}`, documentList);
}

/** Everything the editor page shows; undefined where the document does not exist or is not for this visitor. */
export const getDocumentView = cache(
  (id: string): Promise<DocumentView | undefined> =>
    ask(`/documents/${id}/view`, documentView).catch(undefinedIfNotThere),
);

/** Whether there is a document for the sender of a request that has not reached its page yet. */
export async function isThere(id: string, incoming: Headers): Promise<boolean> {
  const record = await ask(`/documents/${id}`, documentRecord, {}, incoming).catch(undefinedIfNotThere);
  return record !== undefined;
}

/** Whether there is no account yet, asked for a request that has not reached its page. */
export async function isNew(incoming: Headers): Promise<boolean> {
  return (await ask("/me", me, {}, incoming)).needsSetUp;
}

/** Whether the sender of a request that has not reached its page came by a link, without an account. */
export async function isGuest(incoming: Headers): Promise<boolean> {
  return (await ask("/me", me, {}, incoming)).user?.guest === true;
}

function undefinedIfNotThere(error: unknown): undefined {
  const codes = ["NOT_FOUND", "NOT_SIGNED_IN", "FORBIDDEN", "GONE"];
  if (error instanceof AppError && codes.includes(error.code)) return undefined;
  throw error;
}

/** Invitations that nobody has used yet; only for administrators. */
export function getInvitations(): Promise<{ items: InvitationRecord[] }> {
  return ask("/invitations", invitationList);
}

/** The visitor's API keys, without the keys themselves. */
export function getApiKeys(): Promise<ApiKeyList> {
  return ask("/api-keys", apiKeyList);
}

/** A new, empty document of the visitor. */
export function createDocument(): Promise<DocumentRecord> {
  return ask("/documents", documentRecord, { method: "POST", body: "{}" });
}

/** @throws AppError with the server's code, or INTERNAL where the server cannot be reached. */
async function ask<T>(
  path: string,
  answer: z.ZodType<T>,
  init: RequestInit = {},
  incoming?: Headers,
): Promise<T> {
  const response = await reach(path, init, incoming ?? (await headers()));
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) {
    const known = problem.safeParse(body).data;
    throw new AppError(known && isErrorCode(known.code) ? known.code : "INTERNAL", known?.detail);
  }
  return answer.parse(body);
}

async function reach(path: string, init: RequestInit, incoming: Pick<Headers, "get">): Promise<Response> {
  const server = process.env.OCTAVO_INTERNAL_URL;
  const secret = process.env.OCTAVO_INTERNAL_SECRET;
  if (!server || !secret)
    throw new TypeError("OCTAVO_INTERNAL_URL and OCTAVO_INTERNAL_SECRET are set by the sync server");
  const forwarded = new Headers({ "x-octavo-internal": secret, accept: "application/json" });
  for (const name of FORWARDED) {
    const value = incoming.get(name);
    if (value !== null) forwarded.set(name, value);
  }
  if (init.body) forwarded.set("content-type", "application/json");
  try {
    return await fetch(`${server}/api/v1${path}`, { ...init, headers: forwarded, cache: "no-store" });
  } catch (cause) {
    throw new AppError("INTERNAL", "The pages cannot reach the sync server.", { cause });
  }
}

/** Who asks and under which address, so that links in the answer are the visitor's and not the loopback's. */
const FORWARDED = ["cookie", "x-octavo-client-address", "x-forwarded-host", "x-forwarded-proto"];
