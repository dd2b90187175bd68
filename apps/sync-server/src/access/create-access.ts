import { AppError, can, isId, LIMITS, newId, ROLES, type Role } from "@octavo/schema";
import type { TokenClaims } from "@octavo/schema/protocol";
import type { Accounts } from "../accounts/accounts.ts";
import { actorOf, type Identity, nameOf } from "../accounts/identity.ts";
import { hashSecret, keyFor, newSecret, seal, unseal } from "../accounts/keys.ts";
import type { Clock } from "../clock.ts";
import type { Catalog } from "../storage/catalog/catalog.ts";
import type { LinkRow } from "../storage/catalog/sharing.ts";
import type { Secrets } from "../storage/secrets.ts";
import type { Access, AccessChange, Decision } from "./access.ts";
import { accountOf, roleFrom, roleOfToken } from "./decide.ts";

export interface AccessParts {
  catalog: Catalog;
  accounts: Pick<Accounts, "claimsOf" | "onSessionEnd" | "signToken">;
  secrets: Secrets;
  clock: Clock;
}

/** What somebody may do with a document whether or not it is in the trash. */
export interface Standing extends Decision {
  trashed: boolean;
}

/** A live link with its secret. */
export interface Link extends Pick<LinkRow, "id" | "role" | "createdAt"> {
  secret: string;
}

export interface TokenRequest {
  role: Role;
  user?: { id: string; name: string } | undefined;
  /** An earlier token, whose person this one is for where `user` names nobody. */
  renews?: string | undefined;
  expiresInSeconds: number;
  rawYjs: boolean;
}

/** Access as sockets ask for it, and the acts that change it. Each act is on disk and told to listeners when it resolves. */
export interface AccessControl extends Access {
  /** Like `decide`, but a trashed document stays visible to its owner. */
  standing(identity: Identity | undefined, documentId: string): Promise<Standing | undefined>;
  /** Sets or, with undefined, removes what an account may do. The owner's role does not change by it. */
  grant(documentId: string, userId: string, role: Exclude<Role, "owner"> | undefined): Promise<void>;
  createLink(documentId: string, role: Link["role"]): Promise<Link>;
  links(documentId: string): Promise<Link[]>;
  /** @throws NOT_FOUND */
  revokeLink(documentId: string, linkId: string): Promise<void>;
  /** The document of a live link's secret; undefined for an unknown or revoked one. */
  linked(secret: string): Promise<{ linkId: string; documentId: string } | undefined>;
  /** Lets an actor in by a link from now on, until it is revoked. */
  visit(linkId: string, documentId: string, actor: string): Promise<void>;
  /** Moves what a guest reached by links to the account they signed in to; answers the documents. */
  adopt(guestActor: string, userActor: string): Promise<string[]>;
  /**
   * Signs a token for one document.
   * @throws FORBIDDEN for who may not write, or for a role above one's own; TOKEN_INVALID where `renews` is no token of
   * this document and issuer
   */
  issueToken(
    identity: Identity,
    documentId: string,
    request: TokenRequest,
  ): Promise<{ token: string; expiresAt: number }>;
  /** Tells the listeners about a change made elsewhere on this floor; resolves when all have answered. */
  announce(change: AccessChange): Promise<void>;
}

/** Access over the catalog. Every decision is read there at the moment it is asked for; whoever holds it in memory listens. */
export function createAccess({ catalog, accounts, secrets, clock }: AccessParts): AccessControl {
  const linkKey = keyFor(secrets.signing, "link");
  const listeners = new Set<(change: AccessChange) => Promise<void>>();

  const announce = async (change: AccessChange) => {
    await Promise.all([...listeners].map(listener => listener(change)));
  };
  accounts.onSessionEnd(sessionId => announce({ sessionId }));

  const standing = async (
    identity: Identity | undefined,
    documentId: string,
  ): Promise<Standing | undefined> => {
    if (!identity || !isId(documentId) || !(await stillThere(identity))) return undefined;
    const maker = identity.kind === "token" ? await makerOf(identity.claims, documentId) : undefined;
    if (identity.kind === "token" && maker === undefined) return undefined;
    const userId = maker ?? accountOf(identity);
    const actor = maker === undefined ? actorOf(identity) : `user:${maker}`;
    const facts = await catalog.documents.facts(documentId, { userId, actor });
    if (!facts) return undefined;
    const own = roleFrom(facts, userId);
    const role = identity.kind === "token" ? roleOfToken(identity.claims.role, own) : own;
    if (role === undefined) return undefined;
    const trashed = facts.trashedAt !== null;
    // Only who may delete it sees it in the trash; for everybody else it is gone.
    return trashed && !can(role, "delete") ? undefined : { role, trashed };
  };

  /** Whether what proved the identity is still good: sockets live longer than sessions, keys and tokens. */
  const stillThere = async (identity: Identity) => {
    switch (identity.kind) {
      case "user":
        return catalog.people.sessionLives(identity.sessionId, clock.now());
      case "api-key":
        return (await catalog.apiKeys.find(identity.keyId)) !== undefined;
      case "token":
        return identity.claims.exp * 1000 > clock.now();
      case "guest":
        return true;
    }
  };

  /** The account that made a token for this document; undefined where it, or the key it used, is gone. */
  const makerOf = async (claims: TokenClaims, documentId: string) => {
    if (claims.doc !== documentId) return undefined;
    const [kind, id = ""] = claims.iss.split(":");
    return kind === "key" ? (await catalog.apiKeys.find(id))?.userId : id;
  };

  const withSecret = ({ id, role, createdAt, secretSealed }: LinkRow): Link => ({
    id,
    role,
    createdAt,
    secret: unseal(linkKey, secretSealed),
  });

  return {
    standing,
    announce,
    async decide(identity, documentId) {
      const found = await standing(identity, documentId);
      return found && !found.trashed ? { role: found.role } : undefined;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async grant(documentId, userId, role) {
      if (role === undefined) await catalog.sharing.removeGrant(documentId, userId);
      else await catalog.sharing.setGrant(documentId, userId, role, clock.now());
      await announce({ documentId });
    },
    async createLink(documentId, role) {
      const secret = newSecret();
      const row: LinkRow = {
        id: newId(),
        documentId,
        role,
        secretHash: hashSecret(secret),
        secretSealed: seal(linkKey, secret),
        createdAt: clock.now(),
        revokedAt: null,
      };
      await catalog.sharing.insertLink(row);
      return withSecret(row);
    },
    async links(documentId) {
      return (await catalog.sharing.links(documentId)).map(withSecret);
    },
    async revokeLink(documentId, linkId) {
      if (!(await catalog.sharing.revokeLink(documentId, linkId, clock.now())))
        throw new AppError("NOT_FOUND");
      await announce({ documentId });
    },
    async linked(secret) {
      if (secret.length > LIMITS.tokenLength) return undefined;
      const link = await catalog.sharing.findLink(hashSecret(secret));
      const document = link && (await catalog.documents.find(link.documentId));
      return document && document.trashedAt === null
        ? { linkId: link.id, documentId: link.documentId }
        : undefined;
    },
    async visit(linkId, documentId, actor) {
      await catalog.sharing.recordVisit(linkId, actor, clock.now());
      await announce({ documentId, actor });
    },
    async adopt(guestActor, userActor) {
      const documents = await catalog.sharing.moveVisits(guestActor, userActor);
      if (documents.length > 0) await announce({ actor: guestActor });
      return documents;
    },
    async issueToken(identity, documentId, { role, user, renews, expiresInSeconds, rawYjs }) {
      const own = (await standing(identity, documentId))?.role;
      const iss = issuerOf(identity);
      if (!iss || own === undefined || !can(own, "write") || ROLES.indexOf(role) > ROLES.indexOf(own)) {
        throw new AppError("FORBIDDEN");
      }
      const before = renews === undefined ? undefined : accounts.claimsOf(renews);
      if (before && (before.doc !== documentId || before.iss !== iss)) throw new AppError("TOKEN_INVALID");
      const iat = Math.floor(clock.now() / 1000);
      const exp = iat + expiresInSeconds;
      const token = await accounts.signToken({
        sub: user?.id ?? before?.sub ?? newId(),
        name: user?.name ?? before?.name ?? nameOf(identity),
        doc: documentId,
        role,
        ...(rawYjs && { rawYjs }),
        iss,
        iat,
        exp,
      });
      return { token, expiresAt: exp * 1000 };
    },
  };
}

/** Who a token will say made it. Guests and tokens make none: nobody's access would cap it. */
function issuerOf(identity: Identity): string | undefined {
  if (identity.kind === "user") return `user:${identity.userId}`;
  if (identity.kind === "api-key") return `key:${identity.keyId}`;
  return undefined;
}
