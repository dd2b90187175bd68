import type { Role } from "@octavo/schema";
import type { Identity } from "../accounts/identity.ts";

/** What one identity may do with one document now. */
export interface Decision {
  role: Role;
}

/** Which open connections a change may concern; an absent field means any. */
export interface AccessChange {
  documentId?: string;
  /** Actor string of `actorOf`. */
  actor?: string;
  sessionId?: string;
  /** An API key that is no more, and with it the tokens that it made. */
  keyId?: string;
}

/** The one place that answers who may do what. Sockets hold its answer in memory and ask again at each change. */
export interface Access {
  /**
   * Undefined for no access and for no such document alike. A document in the trash is `undefined` for sockets of
   * everybody; its owner reaches it through the documents' verbs.
   */
  decide(identity: Identity | undefined, documentId: string): Promise<Decision | undefined>;
  /** Called after a change is on disk and before the HTTP answer that made it; the answer waits for the listeners. */
  onChange(listener: (change: AccessChange) => Promise<void>): () => void;
}
