import { LIMITS } from "@octavo/schema";

/** A heading as a title: one line without control characters, cut at the limit between two characters. */
export function titleFrom(heading: string | undefined): string {
  const line = (heading ?? "").replace(/[\p{Cc}\s]+/gu, " ").trim();
  return line.length <= LIMITS.titleLength
    ? line
    : [...line.slice(0, LIMITS.titleLength - 1)].slice(0, -1).join("").trim();
}
