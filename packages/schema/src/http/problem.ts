import { z } from "zod";
import { type AppError, ERRORS, type ErrorCode, isErrorCode } from "../errors.ts";

/** RFC 9457 problem response with our stable code. `errors` names the fields of an invalid request. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  code: z.custom<ErrorCode>(isErrorCode),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof problem>;

export const PROBLEM_TYPE_BASE = "https://octavo.dev/docs/errors.md#";

/** The problem of an error; its details appear only where they are field errors. */
export function problemOf(error: AppError, instance: string): Problem {
  const { status, title } = ERRORS[error.code];
  const fields = z.array(z.object({ path: z.string(), message: z.string() })).safeParse(error.details.errors);
  return {
    type: `${PROBLEM_TYPE_BASE}${error.code.toLowerCase()}`,
    title,
    status,
    ...(error.message !== title && { detail: error.message }),
    instance,
    code: error.code,
    ...(fields.success && { errors: fields.data }),
  };
}
