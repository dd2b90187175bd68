import { DOCUMENT_STATE_TYPE, readHandshake } from "@octavo/schema/protocol";
import { CODINGS, type Coding } from "../documents/document-state.ts";
import { readId } from "./read-request.ts";
import type { Route } from "./route.ts";

/** A document's state for whoever opens it: compressed, while the socket is still being set up. */
export const documentStateRoute: Route = {
  method: "GET",
  path: "/documents/:id/state",
  needs: "document:read",
  isEmbeddable: true,
  async handle(c, { documents }) {
    c.get("unread").check();
    const { etag, coding, body } = await documents.state(await c.get("identify")(), readId(c, "id"), {
      handshake: readHandshake(new URL(c.req.url).searchParams),
      coding: bestCoding(c.req.header("accept-encoding") ?? ""),
      known: c.req.header("if-none-match"),
    });
    c.header("etag", etag);
    c.header("vary", "accept-encoding, origin");
    if (body === undefined) return c.body(null, 304);
    c.get("unread").add(body);
    c.header("content-type", DOCUMENT_STATE_TYPE);
    c.header("content-length", String(body.length));
    if (coding !== "identity") c.header("content-encoding", coding);
    return c.body(body as Uint8Array<ArrayBuffer>);
  },
};

/** The first of ours that the header names, whatever weight above zero it gives it (RFC 9110, 12.5.3). */
function bestCoding(header: string): Coding {
  const weights = new Map<string, number>();
  for (const entry of header.toLowerCase().split(",")) {
    const [name = "", ...parameters] = entry.split(";").map(part => part.trim());
    const weight = parameters.find(parameter => parameter.startsWith("q="))?.slice(2);
    weights.set(name, weight === undefined ? 1 : Number(weight));
  }
  return CODINGS.find(coding => (weights.get(coding) ?? 0) > 0) ?? "identity";
}
