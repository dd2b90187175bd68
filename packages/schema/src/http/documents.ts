import { z } from "zod";
import { ROLES } from "../access.ts";
import { isId } from "../ids.ts";
import { LIMITS } from "../limits.ts";

export const documentId = z.string().refine(isId, "Not a document id.");
export const title = z
  .string()
  .trim()
  .max(LIMITS.titleLength)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  .refine(value => !/[\u0000-\u001f\u007f]/.test(value), "No control characters.");

/** Formats content comes in. `json` is ProseMirror JSON of the body; `yjs` is a base64 V1 update. */
export const contentIn = z.discriminatedUnion("format", [
  z.object({ format: z.literal("markdown"), body: z.string().max(LIMITS.contentBytes) }),
  z.object({ format: z.literal("html"), body: z.string().max(LIMITS.contentBytes) }),
  z.object({ format: z.literal("json"), body: z.record(z.string(), z.unknown()) }),
  z.object({ format: z.literal("yjs"), body: z.base64().max(LIMITS.contentBytes) }),
]);
export type ContentIn = z.infer<typeof contentIn>;

/** Formats content goes out. `yjs` is the raw V1 update as application/octet-stream. */
export const FORMATS_OUT = ["json", "html", "markdown", "text", "yjs"] as const;
export type FormatOut = (typeof FORMATS_OUT)[number];

export const createDocument = z.object({ title: title.optional(), content: contentIn.optional() });
export const renameDocument = z.object({ title });

/** What somebody with access sees of a document. Times are ISO 8601. */
export const documentRecord = z.object({
  id: documentId,
  url: z.string(),
  title: z.string(),
  /** First words of the text, for lists. */
  snippet: z.string(),
  role: z.enum(ROLES),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  trashedAt: z.iso.datetime().nullable(),
  owner: z.object({ id: z.string(), name: z.string() }),
});
export type DocumentRecord = z.infer<typeof documentRecord>;

export const listQuery = z.object({
  trashed: z.enum(["true", "false"]).default("false"),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(LIMITS.pageSizeMax).default(LIMITS.pageSize),
});
export const documentList = z.object({ items: z.array(documentRecord), nextCursor: z.string().nullable() });
export type DocumentList = z.infer<typeof documentList>;

/** What the editor page needs in one request: the record, the body as HTML, and the sequence it shows. */
export const documentView = z.object({
  document: documentRecord,
  html: z.string(),
  /** True where this visitor has no account and came by a link. */
  guest: z.boolean(),
  user: z.object({ id: z.string(), name: z.string(), color: z.number().int() }),
});
export type DocumentView = z.infer<typeof documentView>;
