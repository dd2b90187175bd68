import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { openDocument } from "@octavo/client";
import type { Doc } from "yjs";
import type { Address, Target } from "../targets.ts";

export interface OpenedDocument {
  document: Doc;
  close(): void;
}

/** Browsers ask for zstd by themselves. Node's fetch reads it, and does not ask. */
const asBrowser: typeof fetch = (url, init) =>
  fetch(url, { ...init, headers: { ...init?.headers, "accept-encoding": "gzip, deflate, br, zstd" } });

/** Opens a document as each product's own client library does, over this port. */
export function openAsItsClientDoes(target: Target, address: Address, port: number): OpenedDocument {
  if (target.name === "octavo") {
    const opened = openDocument({
      server: `http://127.0.0.1:${port}`,
      documentId: address.document,
      getToken: () => address.token,
      fetch: asBrowser,
    });
    return { document: opened.doc, close: () => opened.close() };
  }
  const socket = new HocuspocusProviderWebsocket({ url: `ws://127.0.0.1:${port}` });
  const provider = new HocuspocusProvider({
    websocketProvider: socket,
    name: address.document,
    token: address.token,
  });
  provider.attach();
  const close = () => {
    provider.destroy();
    socket.destroy();
  };
  return { document: provider.document, close };
}
