import { getSchema } from "@tiptap/core";
import type { Schema } from "@tiptap/pm/model";
import { documentExtensions } from "./extensions.ts";

let memoized: Schema | undefined;

/** The ProseMirror schema of a document's body; always the same object. */
export function documentSchema(): Schema {
  memoized ??= getSchema(documentExtensions());
  return memoized;
}
