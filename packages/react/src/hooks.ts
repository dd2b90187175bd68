"use client";

import {
  type ConnectionState,
  type GetToken,
  type OpenDocument,
  openDocument,
  type Peer,
  type SaveState,
  type Standing,
  type Store,
} from "@octavo/client";
import { createContext, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";

export interface UseOpenDocumentOptions {
  /** Address of the Octavo server; the page's own origin where it is left out. */
  server?: string | undefined;
  documentId: string;
  /** Asked at every connect. Left out where the session cookie says who this is. */
  getToken?: GetToken | undefined;
  /** Known from the page; shown until the server says otherwise. */
  title?: string | undefined;
}

/**
 * Opens a document for as long as the component is mounted. Undefined on the server and in the first render; a new
 * one after `server` or `documentId` changed.
 */
export function useOpenDocument(options: UseOpenDocumentOptions): OpenDocument | undefined {
  const { server, documentId } = options;
  const hasTokens = options.getToken !== undefined;
  const latest = useRef(options);
  const [opened, setOpened] = useState<OpenDocument>();
  useEffect(() => {
    latest.current = options;
  });
  useEffect(() => {
    const document = openDocument({
      server: server ?? window.location.origin,
      documentId,
      title: latest.current.title,
      getToken: hasTokens
        ? (reason, previous) => latest.current.getToken?.(reason, previous) ?? ""
        : undefined,
    });
    setOpened(document);
    return () => {
      setOpened(undefined);
      document.close();
    };
  }, [server, documentId, hasTokens]);
  return opened;
}

/** The document that the parts below belong to, where they are not given one. */
export const DocumentContext = createContext<OpenDocument | undefined>(undefined);

const nothing = <T>(value: T): Store<T> => ({ getSnapshot: () => value, subscribe: () => () => {} });
const NO_SAVE_STATE = nothing<SaveState>({ kind: "opening" });
const NO_CONNECTION = nothing<ConnectionState>({ state: "connecting" });
const NO_STANDING = nothing<Standing>({ role: undefined, isWritable: false, user: undefined });
const NOBODY = nothing<readonly Peer[]>([]);
const NO_TITLE = nothing("");
const NOT_SYNCED = nothing(false);

function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);
}

function useDocument(document: OpenDocument | undefined): OpenDocument | undefined {
  const surrounding = useContext(DocumentContext);
  return document ?? surrounding;
}

/** What the person is told about their text. */
export function useSaveState(document?: OpenDocument): SaveState {
  return useStore(useDocument(document)?.saveState ?? NO_SAVE_STATE);
}

export function useConnection(document?: OpenDocument): ConnectionState {
  return useStore(useDocument(document)?.connection ?? NO_CONNECTION);
}

/** What the server lets this person do, and who it says they are. */
export function useStanding(document?: OpenDocument): Standing {
  return useStore(useDocument(document)?.role ?? NO_STANDING);
}

/** The others in the document, most recently active first. */
export function usePresence(document?: OpenDocument): readonly Peer[] {
  return useStore(useDocument(document)?.presence ?? NOBODY);
}

/** The title as the server knows it now; empty until it has said one and the page gave none. */
export function useTitle(document?: OpenDocument): string {
  return useStore(useDocument(document)?.title ?? NO_TITLE);
}

/** True once the document is here. */
export function useIsSynced(document?: OpenDocument): boolean {
  return useStore(useDocument(document)?.isSynced ?? NOT_SYNCED);
}
