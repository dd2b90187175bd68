import { z } from "zod";
import { LIMITS } from "../limits.ts";

export const personName = z.string().trim().min(1, "Please give a name.").max(LIMITS.nameLength);
export const email = z.email("This is not an e-mail address.").max(LIMITS.emailLength);
export const password = z
  .string()
  .min(LIMITS.passwordMinLength, `At least ${LIMITS.passwordMinLength} characters.`)
  .max(LIMITS.passwordMaxLength);

/** First administrator, with the one-time token of the set-up link. */
export const setUp = z.object({ token: z.string().max(200), name: personName, email, password });
export const signIn = z.object({ email, password: z.string().min(1).max(LIMITS.passwordMaxLength) });

/** An invitation to open an account; whoever has its link can use it once. */
export const createInvitation = z.object({ email: email.optional() });
export const invitationRecord = z.object({
  id: z.string(),
  url: z.string(),
  email: z.string().nullable(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});
export type InvitationRecord = z.infer<typeof invitationRecord>;
export const invitationList = z.object({ items: z.array(invitationRecord) });
export const acceptInvitation = z.object({ token: z.string().max(200), name: personName, email, password });

/** Who asks: an account, a guest of a link, or nobody. */
export const me = z.object({
  user: z
    .object({
      id: z.string(),
      name: z.string(),
      email: z.string().nullable(),
      color: z.number().int(),
      guest: z.boolean(),
      administrator: z.boolean(),
    })
    .nullable(),
  /** True while there is no account at all. */
  needsSetUp: z.boolean(),
});
export type Me = z.infer<typeof me>;
