import * as Y from "yjs";

/**
 * The text in `body` that our Yjs client wrote at or after `ackedClock`: what the server does not have. One line a
 * block, in the order of the document. Deletions and formatting that did not arrive have no text to offer.
 */
export function unsentText(body: Y.XmlFragment, yjsClientId: number, ackedClock: number): string {
  const lines: string[] = [];
  collect(body, yjsClientId, ackedClock, lines);
  return lines.join("\n");
}

/** Any shared type: a linked list of items, the deleted ones included. */
interface ItemList {
  readonly _start: Y.Item | null;
}

function collect(type: ItemList, yjsClientId: number, ackedClock: number, lines: string[]): void {
  let line = "";
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted) continue;
    const { content, id } = item;
    if (content instanceof Y.ContentType) {
      collect(content.type as ItemList, yjsClientId, ackedClock, lines);
    } else if (content instanceof Y.ContentString && id.client === yjsClientId) {
      line += content.str.slice(Math.max(0, ackedClock - id.clock));
    }
  }
  if (line !== "") lines.push(line);
}
