import { AppError, documentPath, LIMITS } from "@octavo/schema";
import {
  createDocument,
  type DocumentRecord,
  type DocumentView,
  FORMATS_OUT,
  type FormatOut,
  listQuery,
  renameDocument,
} from "@octavo/schema/http";
import type { DocumentSummary } from "../documents/summary.ts";
import { readBody, readId, readQuery } from "./read-request.ts";
import type { HttpContext, Route } from "./route.ts";

const MEDIA_TYPES: Record<FormatOut, string> = {
  json: "application/json",
  html: "text/html; charset=utf-8",
  markdown: "text/markdown; charset=utf-8",
  text: "text/plain; charset=utf-8",
  yjs: "application/octet-stream",
};

export const documentRoutes: Route[] = [
  {
    method: "GET",
    path: "/documents",
    needs: "account",
    async handle(c, { documents }) {
      const { trashed, cursor, limit } = readQuery(c, listQuery);
      const page = await documents.list(await c.get("identify")(), {
        trashed: trashed === "true",
        cursor: cursor || undefined,
        limit,
      });
      return c.json({ items: page.items.map(item => record(c, item)), nextCursor: page.nextCursor });
    },
  },
  {
    method: "POST",
    path: "/documents",
    needs: "account",
    bodyBytes: LIMITS.contentBytes,
    perMinute: LIMITS.documentsPerMinute,
    async handle(c, { documents }) {
      const document = await readBody(c, createDocument);
      const created = record(c, await documents.create(await c.get("identify")(), document));
      return c.json(created, 201, { location: `/api/v1/documents/${created.id}` });
    },
  },
  {
    method: "GET",
    path: "/documents/:id",
    needs: "document:read",
    async handle(c, { documents }) {
      const [asker, id] = [await c.get("identify")(), readId(c, "id")];
      const format = c.req.query("format");
      if (format === undefined) return c.json(record(c, await documents.get(asker, id)));
      if (!isFormat(format)) throw new AppError("UNSUPPORTED_FORMAT", `Formats: ${FORMATS_OUT.join(", ")}.`);
      const content = await documents.read(asker, id, format);
      return c.body(content, 200, { "content-type": MEDIA_TYPES[format] });
    },
  },
  {
    method: "PATCH",
    path: "/documents/:id",
    needs: "document:write",
    async handle(c, { documents }) {
      const [asker, id] = [await c.get("identify")(), readId(c, "id")];
      // Asked before the body is looked at: who has no access learns nothing from how it is refused.
      await documents.get(asker, id);
      const { title } = await readBody(c, renameDocument);
      return c.json(record(c, await documents.rename(asker, id, title)));
    },
  },
  {
    method: "DELETE",
    path: "/documents/:id",
    needs: "document:delete",
    async handle(c, { documents }) {
      await documents.delete(await c.get("identify")(), readId(c, "id"));
      return c.body(null, 204);
    },
  },
  {
    method: "POST",
    path: "/documents/:id/trash",
    needs: "document:trash",
    async handle(c, { documents }) {
      return c.json(record(c, await documents.trash(await c.get("identify")(), readId(c, "id"))));
    },
  },
  {
    method: "POST",
    path: "/documents/:id/restore",
    needs: "document:trash",
    async handle(c, { documents }) {
      return c.json(record(c, await documents.restore(await c.get("identify")(), readId(c, "id"))));
    },
  },
  {
    method: "GET",
    path: "/documents/:id/view",
    needs: "document:read",
    async handle(c, { documents }) {
      const view = await documents.view(await c.get("identify")(), readId(c, "id"));
      return c.json({ ...view, document: record(c, view.document) } satisfies DocumentView);
    },
  },
];

function record(c: HttpContext, summary: DocumentSummary): DocumentRecord {
  return {
    ...summary,
    url: `${c.get("origin")}${documentPath(summary)}`,
    createdAt: new Date(summary.createdAt).toISOString(),
    updatedAt: new Date(summary.updatedAt).toISOString(),
    trashedAt: summary.trashedAt === null ? null : new Date(summary.trashedAt).toISOString(),
  };
}

function isFormat(value: string): value is FormatOut {
  return (FORMATS_OUT as readonly string[]).includes(value);
}
