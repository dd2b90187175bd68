export type { ConnectionState } from "./link.ts";
export {
  type GetToken,
  type OpenDocument,
  type OpenDocumentOptions,
  openDocument,
  type Standing,
  type TokenReason,
} from "./open-document.ts";
export type { Peer } from "./presence.ts";
export type { SaveState } from "./save-state.ts";
export type { Store } from "./store.ts";
export { realTimers, type Timers } from "./timers.ts";
export type { Transport } from "./transport.ts";
