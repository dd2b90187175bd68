import { snippetOf, titleOf } from "@octavo/schema/convert";
import { fitToSchema } from "@octavo/schema/document";
import type { Beginning } from "./rooms.ts";
import { UNTITLED } from "./summary.ts";
import { titleFrom } from "./title.ts";

/** What lists show of a document. */
export interface ListEntry {
  /** Undefined where the first heading may stand further on: then the title stays what it is. */
  title: string | undefined;
  snippet: string;
}

/** Title and first words by the first pages. @throws CONVERSION_FAILED */
export function listEntryOf({ body, isWhole }: Beginning): ListEntry {
  const node = fitToSchema(body);
  const title = titleFrom(titleOf(node));
  return { title: title || (isWhole ? UNTITLED : undefined), snippet: snippetOf(node) };
}
