import type { IncomingMessage } from "node:http";
import { AppError } from "@octavo/schema";
import type { Unfinished } from "./unfinished.ts";

/**
 * The whole body of a request. @throws TOO_LARGE, INVALID_REQUEST where it does not come in full or in time,
 * TOO_MANY_REQUESTS where too many others do not either
 */
export function readBody(
  request: IncomingMessage,
  {
    maxBytes,
    withinMs,
    unfinished,
  }: { maxBytes: number; withinMs?: number | undefined; unfinished: Unfinished },
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  if (Number(request.headers["content-length"] ?? 0) > maxBytes)
    return Promise.reject(new AppError("TOO_LARGE"));
  const chunks: Buffer[] = [];
  let bytes = 0;
  const part = { giveUp: () => reject(new AppError("TOO_MANY_REQUESTS")) };
  const timer =
    withinMs === undefined
      ? undefined
      : setTimeout(() => reject(new AppError("INVALID_REQUEST", "The body does not come.")), withinMs);
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) reject(new AppError("TOO_LARGE"));
    else chunks.push(chunk);
    unfinished.has(part, bytes);
  });
  request.on("end", () => resolve(Buffer.concat(chunks)));
  request.on("error", cause => reject(new AppError("INVALID_REQUEST", "The body ended early.", { cause })));
  return promise.finally(() => {
    clearTimeout(timer);
    unfinished.done(part);
    chunks.length = 0;
    request.removeAllListeners("data").pause();
  });
}
