import { z } from "zod";
import { ROLES } from "../access.ts";
import { isId } from "../ids.ts";
import { LIMITS } from "../limits.ts";

/** Claims of an access token: a JWT (HS256) bound to one document. */
export const tokenClaims = z.object({
  /** Owner of the Yjs client ids that this token's bearer writes with; generated where the caller names nobody. */
  sub: z.string().min(1).max(200),
  name: z.string().min(1).max(LIMITS.nameLength),
  /** Document id. */
  doc: z.string().refine(isId),
  role: z.enum(ROLES),
  /** Plain Yjs clients may write without a schema version. */
  rawYjs: z.boolean().optional(),
  /** Id of the account or API key that made the token: its own access caps the token's. */
  iss: z.string().min(1).max(200),
  /** Seconds since 1970. */
  iat: z.number().int(),
  exp: z.number().int(),
});
export type TokenClaims = z.infer<typeof tokenClaims>;
