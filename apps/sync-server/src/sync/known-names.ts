import { isAttributeValue, isMarkKey, isNodeName, markOfKey } from "@octavo/schema/document";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import type { KnownNames } from "./guard.ts";

/** What the server's schema allows in an update of a document. */
export const knownNames: KnownNames = {
  isRoot: name => name === BODY_FRAGMENT,
  isNode: isNodeName,
  isAttribute: (node, key, value) => isAttributeValue("nodes", node, key, value),
  isMark(key, value) {
    if (!isMarkKey(key)) return false;
    if (typeof value !== "object" || value === null) return true;
    const mark = markOfKey(key);
    return Object.entries(value).every(([name, content]) => isAttributeValue("marks", mark, name, content));
  },
};
