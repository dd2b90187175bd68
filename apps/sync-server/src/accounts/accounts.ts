import { AppError, LIMITS, newId } from "@octavo/schema";
import { SETUP_PATH, type TokenClaims } from "@octavo/schema/protocol";
import { isAPIError } from "better-auth/api";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { ApiKeyRow } from "../storage/catalog/api-keys.ts";
import type { Catalog } from "../storage/catalog/catalog.ts";
import type { InvitationRow } from "../storage/catalog/invitations.ts";
import type { Admission, Person } from "../storage/catalog/people.ts";
import type { Secrets } from "../storage/secrets.ts";
import { claimsOf, readToken, signToken } from "./access-token.ts";
import { bearerOf } from "./bearer.ts";
import { openBetterAuth } from "./better-auth.ts";
import { readCookie } from "./cookies.ts";
import { GUEST_COOKIE, type Guest, newGuest, readGuest } from "./guests.ts";
import type { Identity } from "./identity.ts";
import { API_KEY_PREFIX, hashSecret, isApiKey, keyFor, newSecret, sameSecret, seal, unseal } from "./keys.ts";
import { createRateLimiter } from "./rate-limiter.ts";
import { openSetUpToken, removeSetUpToken } from "./set-up.ts";

const INVITATION_MS = 7 * 24 * 60 * 60 * 1000;

export interface AccountsParts {
  catalog: Catalog;
  secrets: Secrets;
  clock: Clock;
  /** Address of this server for links printed at start. */
  url: () => string;
  /** Holds `setup-token` while there is no account. */
  dataDir: string;
  log: Logger;
  /** Creates the first administrator unattended, if there is no account yet. */
  administrator?: { email: string; password: string };
}

export interface NewAccount {
  name: string;
  email: string;
  password: string;
}

/** An open invitation with the secret of its link. */
export interface Invitation extends Pick<InvitationRow, "id" | "email" | "createdAt" | "expiresAt"> {
  secret: string;
}

/** Who people are: accounts, sessions, guests, keys and tokens. What they may do is decided in `access/`. */
export interface Accounts {
  /** Answers `/api/auth/*`. The request's URL must carry the origin that browsers see: cookies and Origin go by it. */
  handler(request: Request): Promise<Response>;
  /**
   * Who asks. `token`, or else `Authorization: Bearer`, is an API key or an access token and wins over cookies; a
   * session wins over a guest cookie. Undefined for a stranger.
   * @throws TOKEN_INVALID, TOKEN_EXPIRED for a token that is not good: it never falls back to the cookies
   */
  identify(headers: Headers, token?: string): Promise<Identity | undefined>;
  /** Address where the first administrator is created; undefined once there is an account. */
  setupUrl(): string | undefined;
  /**
   * Creates the first account.
   * @throws NOT_FOUND there is an account already
   * @throws SETUP_TOKEN_INVALID
   */
  createFirstAdministrator(account: NewAccount & { token: string }): Promise<Person>;
  invite(email?: string): Promise<Invitation>;
  invitations(): Promise<Invitation[]>;
  /** @throws NOT_FOUND */
  revokeInvitation(invitationId: string): Promise<void>;
  /** Creates the account of an invitation. @throws NOT_FOUND, CONFLICT */
  acceptInvitation(account: NewAccount & { token: string }): Promise<Person>;
  /** Opens a session; answers the cookies to set. @throws INVALID_CREDENTIALS */
  signIn(request: Request, credentials: { email: string; password: string }): Promise<string[]>;
  /** A new guest and the value of the cookie `GUEST_COOKIE`. */
  newGuest(): { guest: Guest; cookie: string };
  /** The guest of a request's cookie, also where somebody signed in. */
  guestOf(headers: Headers): Guest | undefined;
  /** Makes a key for an account; the key itself is not kept. */
  createApiKey(userId: string, name: string): Promise<{ id: string; name: string; key: string }>;
  apiKeys(userId: string): Promise<ApiKeyRow[]>;
  /** @throws NOT_FOUND */
  deleteApiKey(userId: string, keyId: string): Promise<void>;
  signToken(claims: TokenClaims): Promise<string>;
  /** What a token of ours says, also one that has ended. @throws TOKEN_INVALID */
  claimsOf(token: string): TokenClaims;
  /** Called after a session ended (sign-out, revocation) and before the answer; the answer waits. */
  onSessionEnd(listener: (sessionId: string) => Promise<void>): () => void;
}

/** Sets up accounts over the catalog: prepares the set-up token, or creates the unattended administrator. */
export async function createAccounts(parts: AccountsParts): Promise<Accounts> {
  const { catalog, secrets, clock, url, dataDir, log } = parts;
  const tokenKey = keyFor(secrets.signing, "access token");
  const invitationKey = keyFor(secrets.signing, "invitation");
  const guestKey = keyFor(secrets.cookie, "guest");
  const listeners = new Set<(sessionId: string) => Promise<void>>();
  const { consume } = createRateLimiter(clock);

  const open = (https: boolean) =>
    openBetterAuth({
      catalog,
      secret: keyFor(secrets.session, "session").toString("base64url"),
      https,
      consume,
      log,
      async onSessionEnd(sessionId) {
        await Promise.all([...listeners].map(listener => listener(sessionId)));
      },
    });
  // Whether a cookie is Secure is fixed per instance, and one server may be reached by both at once.
  const plain = open(false);
  const secure = open(true);
  const authFor = (request: Request) => (request.url.startsWith("https:") ? secure : plain);
  const { password: passwords } = await plain.$context;

  const createAccount = async ({ name, email, password }: NewAccount, admission: Admission) =>
    catalog.people.create(
      { name, email, passwordHash: await passwords.hash(password) },
      admission,
      clock.now(),
    );

  let setUpToken: string | undefined;
  if ((await catalog.people.count()) === 0) {
    if (parts.administrator)
      await createAccount(
        { name: nameFrom(parts.administrator.email), ...parts.administrator },
        { first: true },
      );
    else setUpToken = await openSetUpToken(dataDir);
  }
  // Also after a crash between the account and this line.
  if (setUpToken === undefined) await removeSetUpToken(dataDir);

  const userOf = async (headers: Headers): Promise<Identity | undefined> => {
    // Not refreshed here: the answer to this request may not reach a browser that would keep the new cookie.
    const found = await plain.api.getSession({ headers, query: { disableRefresh: true } });
    if (!found) return undefined;
    const { session, user } = found;
    return {
      kind: "user",
      userId: user.id,
      sessionId: session.id,
      sessionEndsAt: session.expiresAt.getTime(),
      name: user.name,
      email: user.email,
      color: user.color,
      administrator: user.administrator,
    };
  };

  const keyHolder = async (key: string): Promise<Identity> => {
    const row =
      key.length <= LIMITS.tokenLength ? await catalog.apiKeys.findByHash(hashSecret(key)) : undefined;
    const person = row && (await catalog.people.find(row.userId));
    if (!row || !person) throw new AppError("TOKEN_INVALID", "The API key is not valid.");
    const { id: userId, name, color, administrator } = person;
    return { kind: "api-key", userId, keyId: row.id, name, color, administrator };
  };

  const guestOf = (headers: Headers) => {
    const cookie = readCookie(headers, GUEST_COOKIE);
    return cookie === undefined ? undefined : readGuest(guestKey, cookie);
  };

  return {
    handler: request => authFor(request).handler(request),
    async identify(headers, token) {
      const credential = token || bearerOf(headers);
      if (credential !== undefined && isApiKey(credential)) return keyHolder(credential);
      if (credential !== undefined) return readToken(tokenKey, credential, clock.now());
      return (await userOf(headers)) ?? guestOf(headers);
    },
    setupUrl: () => (setUpToken === undefined ? undefined : `${url()}${SETUP_PATH}?token=${setUpToken}`),
    async createFirstAdministrator({ token, ...account }) {
      if (setUpToken === undefined) throw new AppError("NOT_FOUND");
      if (!sameSecret(token, setUpToken)) throw new AppError("SETUP_TOKEN_INVALID");
      const person = await createAccount(account, { first: true }).catch(error => {
        throw isCode(error, "CONFLICT") ? new AppError("NOT_FOUND", undefined, { cause: error }) : error;
      });
      setUpToken = undefined;
      await removeSetUpToken(dataDir);
      return person;
    },
    async invite(email) {
      const secret = newSecret();
      const now = clock.now();
      const row = {
        id: newId(),
        secretHash: hashSecret(secret),
        secretSealed: seal(invitationKey, secret),
        email: email?.toLowerCase() ?? null,
        createdAt: now,
        expiresAt: now + INVITATION_MS,
        usedAt: null,
      };
      await catalog.invitations.insert(row);
      return { ...row, secret };
    },
    async invitations() {
      const rows = await catalog.invitations.open(clock.now());
      return rows.map(row => ({ ...row, secret: unseal(invitationKey, row.secretSealed) }));
    },
    async revokeInvitation(invitationId) {
      if (!(await catalog.invitations.delete(invitationId))) throw new AppError("NOT_FOUND");
    },
    acceptInvitation: ({ token, ...account }) =>
      createAccount(account, { invitationHash: hashSecret(token) }),
    async signIn(request, body) {
      try {
        const { headers } = await authFor(request).api.signInEmail({
          body,
          headers: request.headers,
          returnHeaders: true,
        });
        return headers.getSetCookie();
      } catch (cause) {
        if (!isAPIError(cause) || cause.statusCode >= 500) throw cause;
        throw new AppError("INVALID_CREDENTIALS", undefined, { cause });
      }
    },
    newGuest: () => newGuest(guestKey),
    guestOf,
    async createApiKey(userId, name) {
      const key = `${API_KEY_PREFIX}${newSecret()}`;
      const id = newId();
      await catalog.apiKeys.insert({ id, userId, name, keyHash: hashSecret(key), createdAt: clock.now() });
      return { id, name, key };
    },
    apiKeys: userId => catalog.apiKeys.list(userId),
    async deleteApiKey(userId, keyId) {
      if (!(await catalog.apiKeys.delete(userId, keyId))) throw new AppError("NOT_FOUND");
    },
    signToken: claims => signToken(tokenKey, claims),
    claimsOf: token => claimsOf(tokenKey, token),
    onSessionEnd(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** `ana.lopez@example.com` → `ana.lopez`: a name to begin with. */
const nameFrom = (email: string) => email.slice(0, email.indexOf("@"));

const isCode = (error: unknown, code: AppError["code"]) => error instanceof AppError && error.code === code;
