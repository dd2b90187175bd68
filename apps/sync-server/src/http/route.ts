import type { Action } from "@octavo/schema";
import type { Context } from "hono";
import type { Logger } from "pino";
import type { AccessControl } from "../access/create-access.ts";
import type { Accounts } from "../accounts/accounts.ts";
import type { Identity } from "../accounts/identity.ts";
import type { RateLimiter } from "../accounts/rate-limiter.ts";
import type { Clock } from "../clock.ts";
import type { Documents } from "../documents/documents.ts";
import type { Metrics } from "../metrics/metrics.ts";

export interface HttpParts {
  documents: Documents;
  accounts: Accounts;
  access: AccessControl;
  clock: Clock;
  /** Address of this server for requests that come without `origin` in their bindings. */
  url: () => string;
  /** Other sites' pages that may open documents with a token. */
  embedOrigins: readonly string[];
  /** Proves that a request comes from this server's own pages. */
  internalSecret: string;
  log: Logger;
  metrics: Pick<Metrics, "httpRequests">;
}

/** What the door knows of a request that the request itself cannot be trusted to say; the `env` of `fetch`. */
export interface HttpBindings {
  /** Address of the client after trusted proxies. */
  clientAddress?: string;
  /** Scheme, host and port as the browser sees them: `OCTAVO_URL`, or the request's effective host. */
  origin?: string;
  /** Calls back once the answer left in full, or nobody is there any more to take it. */
  onAnswered?: (callback: () => void) => void;
}

export interface HttpVariables {
  requestId: string;
  origin: string;
  address: string;
  /** True for a request of our own pages. */
  internal: boolean;
  /** The pattern that answered, for the log. */
  route: string;
  /** Who asks; found out once a request. @throws TOKEN_INVALID, TOKEN_EXPIRED */
  identify: () => Promise<Identity | undefined>;
  /** For large bodies: `check` before one is made, `add` counts it until it was read. @throws TOO_MANY_REQUESTS */
  unread: { check(): void; add(body: Uint8Array): void };
}

export type HttpEnvironment = { Bindings: HttpBindings; Variables: HttpVariables };
export type HttpContext = Context<HttpEnvironment>;

/** What a route needs of the asker. The verbs behind `document:*` ask access themselves. */
export type Need = "nothing" | "account" | "administrator" | `document:${Action}`;

/** One method of one path below `/api/v1`. */
export interface Route {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  needs: Need;
  /** Largest body; LIMITS.requestBytes where absent. */
  bodyBytes?: number;
  /** Uses of one account in a minute. */
  perMinute?: number;
  /** Pages of EMBED_ORIGINS may read it, with a token. */
  isEmbeddable?: true;
  /** Name of the limit per address, for what strangers may try. */
  limit?: StrangerLimit;
  handle: (context: HttpContext, parts: HttpParts) => Promise<Response>;
}

/** What a stranger may try, and thus must not try too often. */
export type StrangerLimit = "set-up" | "invitation" | "link";

export type { RateLimiter };
