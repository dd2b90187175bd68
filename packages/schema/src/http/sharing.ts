import { z } from "zod";
import { ROLES } from "../access.ts";
import { LIMITS } from "../limits.ts";

/** Roles a link can carry. */
export const LINK_ROLES = ["viewer", "commenter", "editor"] as const;
export const createLink = z.object({ role: z.enum(LINK_ROLES) });
/** `url` carries the secret and is answered at creation and to those who may share, never logged. */
export const linkRecord = z.object({
  id: z.string(),
  role: z.enum(LINK_ROLES),
  url: z.string(),
  createdAt: z.iso.datetime(),
});
export type LinkRecord = z.infer<typeof linkRecord>;

export const createAccessToken = z.object({
  role: z.enum(ROLES),
  user: z
    .object({ id: z.string().min(1).max(200), name: z.string().min(1).max(LIMITS.nameLength) })
    .optional(),
  /** An earlier token of this document by the same issuer, also one that has ended: the new one is the same person's. */
  renews: z.string().max(LIMITS.tokenLength).optional(),
  expiresInSeconds: z.number().int().min(10).max(LIMITS.accessTokenSeconds).default(3600),
  /** Lets a plain Yjs client write without naming a schema version. */
  rawYjs: z.boolean().default(false),
});
export const accessToken = z.object({ token: z.string(), expiresAt: z.iso.datetime() });

export const createApiKey = z.object({ name: z.string().trim().min(1).max(LIMITS.nameLength) });
/** `key` is shown once, at creation. */
export const apiKeyCreated = z.object({ id: z.string(), name: z.string(), key: z.string() });
export type ApiKeyCreated = z.infer<typeof apiKeyCreated>;
export const apiKeyList = z.object({
  items: z.array(z.object({ id: z.string(), name: z.string(), createdAt: z.iso.datetime() })),
});
export type ApiKeyList = z.infer<typeof apiKeyList>;
