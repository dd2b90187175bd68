import { AppError, documentPath } from "@octavo/schema";
import type { NextRequest } from "next/server";
import { signInPath } from "../../lib/next-path.ts";
import { createDocument } from "../../lib/server-api.ts";

/** Creates a document and goes there, so that `/new` works from the address bar and without a script. */
export async function GET(request: NextRequest): Promise<Response> {
  // A browser that guesses where somebody may go next must not leave empty documents behind.
  if (/prefetch|prerender/.test(request.headers.get("sec-purpose") ?? request.headers.get("purpose") ?? "")) {
    return new Response(null, { status: 204 });
  }
  // Nor must a link or a script of another site: it leads to the documents, where one click is enough.
  if (/^(cross|same)-site$/.test(request.headers.get("sec-fetch-site") ?? "")) return seeOther("/");
  try {
    return seeOther(documentPath(await createDocument()));
  } catch (error) {
    if (error instanceof AppError && ["NOT_SIGNED_IN", "FORBIDDEN", "NOT_FOUND"].includes(error.code)) {
      return seeOther(signInPath("/new"));
    }
    throw error;
  }
}

/** A relative Location, since only the door knows the address this site is reached by. */
function seeOther(path: string): Response {
  return new Response(null, { status: 303, headers: { location: path, "cache-control": "no-store" } });
}
