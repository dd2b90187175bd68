import { idFromSlug } from "@octavo/schema";
import { type NextRequest, NextResponse } from "next/server";
import { isGuest, isNew, isThere } from "./lib/server-api.ts";

export const config = { matcher: ["/d/:segment", "/settings", "/setup"] };

/**
 * Sends what is not there, or not for this visitor, to the page of an address that does not exist. A page that
 * finds it out by itself answers the same, but with an empty body that only a script fills.
 */
export async function proxy(request: NextRequest): Promise<NextResponse> {
  // A server that does not answer is the page's to tell: it has words for it, and this place has none.
  const exists = await isForVisitor(request).catch(() => true);
  return exists ? NextResponse.next() : NextResponse.rewrite(new URL("/not-found", request.url));
}

async function isForVisitor({ nextUrl, headers }: NextRequest): Promise<boolean> {
  const [, page, segment = ""] = nextUrl.pathname.split("/");
  if (page === "setup") return isNew(headers);
  if (page === "settings") return !(await isGuest(headers));
  return isDocument(segment, headers);
}

async function isDocument(segment: string, incoming: Headers): Promise<boolean> {
  const id = idFromSlug(segment);
  return id !== undefined && isThere(id, incoming);
}
