import { LIMITS } from "@octavo/schema";
import { AUTH_PATH } from "@octavo/schema/protocol";
import { type BetterAuthOptions, betterAuth } from "better-auth";
import type { Logger } from "pino";
import type { Catalog } from "../storage/catalog/catalog.ts";

const DAY_SECONDS = 24 * 60 * 60;

/** Header in which this server tells Better Auth the client's address; what a client sends there is overwritten. */
export const ADDRESS_HEADER = "x-octavo-auth-address";

/** Sign-in is asked from one address at most this often: twenty wrong passwords a minute guess nothing. */
const SIGN_IN_RULE = { window: 60, max: 20 };

interface AuthParts {
  catalog: Catalog;
  secret: string;
  /** Whether browsers reach this server by https: cookies are `Secure` then. */
  https: boolean;
  onSessionEnd: (sessionId: string) => Promise<void>;
  consume: (
    key: string,
    rule: { window: number; max: number },
  ) => { allowed: boolean; retryAfter: number | null };
  log: Logger;
}

/** Better Auth for e-mail and password over the catalog's tables. */
export function openBetterAuth(parts: AuthParts) {
  return betterAuth(authOptions(parts));
}

export function authOptions({ catalog, secret, https, onSessionEnd, consume, log }: AuthParts) {
  return {
    basePath: AUTH_PATH,
    secret,
    database: { db: catalog.authDatabase, type: "sqlite", transaction: false },
    emailAndPassword: {
      enabled: true,
      // Accounts arise by set-up or invitation alone.
      disableSignUp: true,
      minPasswordLength: LIMITS.passwordMinLength,
      maxPasswordLength: LIMITS.passwordMaxLength,
    },
    user: {
      additionalFields: {
        color: { type: "number", required: true, input: false },
        administrator: { type: "boolean", required: true, input: false },
      },
    },
    session: { expiresIn: 30 * DAY_SECONDS, updateAge: DAY_SECONDS },
    databaseHooks: { session: { delete: { after: session => onSessionEnd(session.id) } } },
    rateLimit: {
      enabled: true,
      customRules: { "/sign-in/email": SIGN_IN_RULE },
      customStorage: { consume: async (key, rule) => consume(key, rule) },
    },
    advanced: {
      cookiePrefix: "octavo",
      // The name stays the same with and without https; only the attribute differs.
      useSecureCookies: false,
      defaultCookieAttributes: { httpOnly: true, sameSite: "lax", secure: https },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
    },
    // The library's messages may carry what people typed; only that something happened is logged.
    logger: { level: "error", log: () => log.error({ event: "auth.error" }) },
    telemetry: { enabled: false },
  } satisfies BetterAuthOptions;
}
