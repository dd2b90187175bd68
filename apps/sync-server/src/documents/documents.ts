import type { FormatOut } from "@octavo/schema/http";
import { actorOf, type Identity } from "../accounts/identity.ts";
import type { Rendered } from "./convert/pool.ts";
import { createDocument, type NewDocument } from "./create-document.ts";
import { deleteDocument } from "./delete-document.ts";
import { startDeriving } from "./derive.ts";
import { documentState, type StateAnswer, StateBodies, type StateRequest } from "./document-state.ts";
import { createHtmlCache } from "./html-cache.ts";
import { type DocumentPage, type ListRequest, listDocuments } from "./list-documents.ts";
import type { DocumentsParts } from "./parts.ts";
import { getDocument, readDocument } from "./read-document.ts";
import { renameDocument } from "./rename-document.ts";
import type { DocumentSummary } from "./summary.ts";
import { restoreDocument, trashDocument } from "./trash-document.ts";
import { type View, viewDocument } from "./view-document.ts";

type Asker = Identity | undefined;

/** Everything one can do with documents besides writing in them. Each verb asks access itself; see its file. */
export interface Documents {
  create(asker: Asker, document: NewDocument): Promise<DocumentSummary>;
  list(asker: Asker, request: ListRequest): Promise<DocumentPage>;
  get(asker: Asker, documentId: string): Promise<DocumentSummary>;
  read(asker: Asker, documentId: string, format: FormatOut): Promise<Rendered>;
  view(asker: Asker, documentId: string): Promise<View>;
  state(asker: Asker, documentId: string, request: StateRequest): Promise<StateAnswer>;
  rename(asker: Asker, documentId: string, title: string): Promise<DocumentSummary>;
  trash(asker: Asker, documentId: string): Promise<DocumentSummary>;
  restore(asker: Asker, documentId: string): Promise<DocumentSummary>;
  delete(asker: Asker, documentId: string): Promise<void>;
  /** A guest signed in: what they reached by links, and the Yjs client ids they wrote with, are the account's now. */
  adoptGuest(guest: Identity, account: Identity): Promise<void>;
  /** Before the rooms and the catalog close. */
  close(): Promise<void>;
}

/** Joins the verbs, and keeps titles and snippets behind the text. */
export function createDocuments(parts: DocumentsParts): Documents {
  const cache = createHtmlCache();
  const bodies = new StateBodies();
  const deriving = startDeriving(parts);
  return {
    create: (asker, document) => createDocument(parts, asker, document),
    list: (asker, request) => listDocuments(parts, asker, request),
    get: (asker, documentId) => getDocument(parts, asker, documentId),
    read: (asker, documentId, format) => readDocument(parts, asker, documentId, format),
    view: (asker, documentId) => viewDocument(parts, cache, asker, documentId),
    state: (asker, documentId, request) => documentState(parts, bodies, asker, documentId, request),
    rename: (asker, documentId, title) => renameDocument(parts, asker, documentId, title),
    trash: (asker, documentId) => trashDocument(parts, asker, documentId),
    restore: (asker, documentId) => restoreDocument(parts, asker, documentId),
    delete: (asker, documentId) => deleteDocument(parts, asker, documentId),
    async adoptGuest(guest, account) {
      const [from, to] = [actorOf(guest), actorOf(account)];
      for (const documentId of await parts.access.adopt(from, to)) {
        await parts.store.updates.transferOwner(documentId, from, to);
        parts.rooms.transferOwner(documentId, from, to);
      }
    },
    close: () => deriving.close(),
  };
}
