import * as encoding from "lib0/encoding";
import * as Y from "yjs";

const PARAGRAPH = "default";
/** Yjs client ids are 32 random bits, and cost five bytes wherever they stand: those of a benchmark begin here. */
export const SOMEBODY = 2_718_000_000;
/** info bits of a ContentString whose left neighbour is named. */
const STRING_WITH_ORIGIN = 4 | 128;

/**
 * Somebody who types at the end of a paragraph of their own, letter by letter, as an editor does: each letter is an
 * update. Written by hand, since a Yjs document per person would cost more than the server that is measured.
 */
export class Typist {
  readonly clientId: number;
  /** Makes the paragraph and its first letter; to be sent before the first `type`. */
  readonly begin: Uint8Array;
  /** Yjs clock of the next letter: all below it are this person's. */
  clock: number;

  constructor(clientId: number) {
    this.clientId = clientId;
    const document = new Y.Doc();
    document.clientID = clientId;
    const paragraph = new Y.XmlElement("paragraph");
    paragraph.insert(0, [new Y.XmlText("a")]);
    document.getXmlFragment(PARAGRAPH).insert(0, [paragraph]);
    this.begin = Y.encodeStateAsUpdate(document);
    this.clock = Y.getState(document.store, clientId);
    document.destroy();
  }

  /** The update of the next letter, or of several typed at once. */
  type(text = letterAt(this.clock)): Uint8Array {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, this.clientId);
    encoding.writeVarUint(encoder, this.clock);
    encoding.writeUint8(encoder, STRING_WITH_ORIGIN);
    encoding.writeVarUint(encoder, this.clientId);
    encoding.writeVarUint(encoder, this.clock - 1);
    encoding.writeVarString(encoder, text);
    encoding.writeVarUint(encoder, 0);
    this.clock += text.length;
    return encoding.toUint8Array(encoder);
  }
}

function letterAt(clock: number): string {
  return clock % 6 === 0 ? " " : String.fromCharCode(97 + (clock % 26));
}

/** A document of about that many bytes, in pieces, as text is that was typed and edited by several people. */
export function grownDocument(bytes: number, paragraphCharacters = 1_000, pieceCharacters = 50): Uint8Array {
  const document = new Y.Doc();
  document.clientID = SOMEBODY - 1;
  const body = document.getXmlFragment(PARAGRAPH);
  const pieces = paragraphCharacters / pieceCharacters;
  // Some bytes of each piece are about where it stands.
  const paragraphs = Math.ceil(bytes / (pieces * (pieceCharacters + 13)));
  for (let start = 0; start < paragraphs; start += 500) {
    document.transact(() => {
      const made: Y.XmlElement[] = [];
      for (let index = start; index < Math.min(paragraphs, start + 500); index++) {
        const paragraph = new Y.XmlElement("paragraph");
        const text = new Y.XmlText();
        paragraph.insert(0, [text]);
        made.push(paragraph);
        // Each before the one before: neighbours that were not typed one after the other stay apart.
        for (let piece = 0; piece < pieces; piece++)
          text.insert(0, wordsOf(index * pieces + piece, pieceCharacters));
      }
      body.insert(body.length, made);
    });
  }
  const update = Y.encodeStateAsUpdate(document);
  document.destroy();
  return update;
}

function wordsOf(seed: number, characters: number): string {
  let text = "";
  let state = (seed * 2_654_435_761) >>> 0;
  while (text.length < characters) {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    text += state % 6 === 0 ? " " : String.fromCharCode(97 + ((state >>> 8) % 26));
  }
  return text;
}
