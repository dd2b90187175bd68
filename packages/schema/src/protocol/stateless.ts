import { z } from "zod";
import { ROLES } from "../access.ts";
import { type ErrorCode, isErrorCode } from "../errors.ts";

/**
 * Messages of the server outside the document: JSON in Hocuspocus' stateless frame. Clients send none; what a
 * client sends is ignored. An unknown `type` is ignored by both sides, so that new ones can come.
 */
const errorCode = z.custom<ErrorCode>(isErrorCode);

export const serverMessage = z.discriminatedUnion("type", [
  /** First message after access was decided: who the server says this is, and what the document is. */
  z.object({
    type: z.literal("welcome"),
    role: z.enum(ROLES),
    /** False where the role allows writing but this connection may not (no schema version given). */
    writable: z.boolean(),
    epoch: z.number().int().nonnegative(),
    schema: z.number().int().positive(),
    user: z.object({
      id: z.string(),
      name: z.string(),
      color: z.number().int().min(0).max(9),
      guest: z.boolean(),
    }),
  }),
  /** Role changed on the open connection. */
  z.object({ type: z.literal("role"), role: z.enum(ROLES), writable: z.boolean() }),
  /** The oldest unacknowledged write of this connection was refused; `SyncStatus(false)` follows. */
  z.object({ type: z.literal("write-refused"), code: errorCode }),
  /** The store does not take writes at the moment, or takes them again. */
  z.object({ type: z.literal("storage"), writable: z.boolean(), code: errorCode.optional() }),
  /** The title changed (also through the API). */
  z.object({ type: z.literal("title"), title: z.string() }),
]);
export type ServerMessage = z.infer<typeof serverMessage>;

/** Undefined for anything that is not a message of this version. */
export function readServerMessage(payload: string): ServerMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return undefined;
  }
  return serverMessage.safeParse(value).data;
}

export function writeServerMessage(message: ServerMessage): string {
  return JSON.stringify(message);
}
