import { AppError, isId } from "@octavo/schema";
import type { z } from "zod";
import type { HttpContext } from "./route.ts";

/** The JSON body in the expected form. @throws UNSUPPORTED_FORMAT, INVALID_REQUEST with the fields, TOO_LARGE */
export async function readBody<T extends z.ZodType>(c: HttpContext, form: T): Promise<z.output<T>> {
  if (!/^application\/json *(;|$)/i.test(c.req.header("content-type") ?? "")) {
    throw new AppError("UNSUPPORTED_FORMAT", "Send the body as application/json.");
  }
  let body: unknown;
  try {
    body = await c.req.json();
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new AppError("INVALID_REQUEST", "The body is not JSON.", { cause });
  }
  return parse(form, body);
}

/** The query in the expected form. @throws INVALID_REQUEST with the fields */
export function readQuery<T extends z.ZodType>(c: HttpContext, form: T): z.output<T> {
  return parse(form, c.req.query());
}

/** The id in the path. One that cannot be an id is answered like one that is not there. @throws NOT_FOUND */
export function readId(c: HttpContext, name: string): string {
  const id = c.req.param(name);
  if (!isId(id)) throw new AppError("NOT_FOUND");
  return id;
}

function parse<T extends z.ZodType>(form: T, value: unknown): z.output<T> {
  const result = form.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  throw new AppError("INVALID_REQUEST", undefined, { details: { errors } });
}
