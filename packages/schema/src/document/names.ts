import type { AttributeSpec } from "@tiptap/pm/model";
import { documentSchema } from "./schema.ts";

/** Of a mark that may overlap itself, the binding writes `name--hash` into the Y.XmlText. */
const OVERLAPPING_MARK = /^(.+)--[\w+/=]{8}$/;

type Attributes = ReadonlyMap<string, AttributeSpec>;

/**
 * The names that may occur in a document's Y.Doc: elements (the nodes, without the body itself and text), marks,
 * and for each its attributes. Derived from the schema, for the guard of the server.
 */
export const documentNames: {
  readonly nodes: ReadonlyMap<string, Attributes>;
  readonly marks: ReadonlyMap<string, Attributes>;
} = /* @__PURE__ */ readNames();

/** The mark that a formatting key of a Y.XmlText stands for. */
export function markOfKey(key: string): string {
  return OVERLAPPING_MARK.exec(key)?.[1] ?? key;
}

/** Whether a Y.XmlElement of the body may have this name. */
export function isNodeName(name: string): boolean {
  return documentNames.nodes.has(name);
}

/** Whether a formatting key may occur in a Y.XmlText of the body. */
export function isMarkKey(key: string): boolean {
  return documentNames.marks.has(markOfKey(key));
}

/**
 * Whether an attribute of a node or mark may hold this value: javascript: addresses and the like may not.
 * Attributes the schema does not know are never rendered, so any value of theirs is harmless.
 */
export function isAttributeValue(
  kind: "nodes" | "marks",
  name: string,
  attribute: string,
  value: unknown,
): boolean {
  const validate = documentNames[kind].get(name)?.get(attribute)?.validate;
  if (typeof validate !== "function") return true;
  try {
    validate(value);
    return true;
  } catch {
    return false;
  }
}

function readNames(): typeof documentNames {
  const schema = documentSchema();
  const read = (types: typeof schema.nodes | typeof schema.marks, except: readonly string[]) =>
    new Map<string, Attributes>(
      Object.values(types)
        .filter(type => !except.includes(type.name))
        .map(type => [type.name, new Map(Object.entries(type.spec.attrs ?? {}))]),
    );
  return { nodes: read(schema.nodes, [schema.topNodeType.name, "text"]), marks: read(schema.marks, []) };
}
