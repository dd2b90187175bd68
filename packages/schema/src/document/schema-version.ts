/**
 * Version of the document schema, sent in the handshake: a client of an older version may read but not write,
 * because an editor deletes what its schema does not know. Raised with every new node, mark or attribute, each
 * with a line in the history.
 */
export const SCHEMA_VERSION = 1;

/** What each version brought; `schema-version.test.ts` hashes the schema and demands a line when it changes. */
export const SCHEMA_HISTORY: Readonly<Record<number, string>> = {
  1: "paragraph, headings, lists, task lists, blockquote, code block, table, image, rule, hard break; ten marks; block ids",
};
