import type { TokenClaims } from "@octavo/schema/protocol";

/** Who asks, as the server found out by itself from a session cookie, a guest cookie, an API key or an access token. */
export type Identity =
  | {
      kind: "user";
      userId: string;
      sessionId: string;
      /** When the session ends unless it is used, in milliseconds since 1970. */
      sessionEndsAt: number;
      name: string;
      email: string;
      color: number;
      administrator: boolean;
    }
  | { kind: "api-key"; userId: string; keyId: string; name: string; color: number; administrator: boolean }
  | { kind: "guest"; guestId: string; name: string; color: number }
  | { kind: "token"; claims: TokenClaims; color: number };

/** Owner of log records and Yjs client ids: the account, whichever way it came in. */
export function actorOf(identity: Identity): string {
  switch (identity.kind) {
    case "user":
    case "api-key":
      return `user:${identity.userId}`;
    case "guest":
      return `guest:${identity.guestId}`;
    case "token":
      return `token:${identity.claims.sub}`;
  }
}

/** Name that others see. */
export function nameOf(identity: Identity): string {
  return identity.kind === "token" ? identity.claims.name : identity.name;
}
