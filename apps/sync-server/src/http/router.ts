import { AppError, LIMITS } from "@octavo/schema";
import { API_PATH, AUTH_PATH, LINK_PATH } from "@octavo/schema/protocol";
import { Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { accountOf } from "../access/decide.ts";
import { createRateLimiter } from "../accounts/rate-limiter.ts";
import { accountRoutes } from "./account-routes.ts";
import { apiKeyRoutes } from "./api-key-routes.ts";
import { answerAuth } from "./auth-routes.ts";
import { checkOrigin } from "./check-origin.ts";
import { describeRequest } from "./describe-request.ts";
import { documentRoutes } from "./document-routes.ts";
import { documentStateRoute } from "./document-state-route.ts";
import { allowEmbedOrigins } from "./embed-origins.ts";
import { limitAccount, limitStrangers } from "./limit-uses.ts";
import { openLink } from "./link-page.ts";
import { problemResponse } from "./problem-response.ts";
import type { HttpContext, HttpEnvironment, HttpParts, Need, Route } from "./route.ts";
import { securityHeaders } from "./security-headers.ts";
import { sharingRoutes } from "./sharing-routes.ts";
import { UnreadAnswers } from "./unread-answers.ts";

/** Every route below `/api/v1`, with what it needs: the source of the access matrix. */
export const ROUTES: readonly Route[] = [
  ...accountRoutes,
  ...documentRoutes,
  documentStateRoute,
  ...sharingRoutes,
  ...apiKeyRoutes,
];

/**
 * The HTTP interface as a Hono app: `/api/v1/*`, `/api/auth/*` and `/s/*`. `fetch(request, bindings)`: the bindings
 * say what the door knows of the requester. An answer with the header PASS_TO_PAGES is to be given by the pages.
 */
export function createHttp(parts: HttpParts): Hono<HttpEnvironment> {
  const { log, clock } = parts;
  const limiter = createRateLimiter(clock);
  const unread = new UnreadAnswers({
    perNetwork: LIMITS.unreadStatesPerActorBytes,
    all: LIMITS.unreadStatesBytes,
  });
  const app = new Hono<HttpEnvironment>();

  app.use(describeRequest(parts));
  app.use(securityHeaders);
  app.onError((error, c) => problemResponse(c, error, log));
  app.notFound(c => problemResponse(c, new AppError("NOT_FOUND"), log));

  for (const route of ROUTES) {
    const pattern = API_PATH + route.path;
    if (route.isEmbeddable) app.use(pattern, allowEmbedOrigins(parts.embedOrigins));
    app.on(route.method, pattern, limitBody(route.bodyBytes ?? LIMITS.requestBytes), async c => {
      c.set("route", pattern);
      const address = c.get("address");
      c.set("unread", {
        check: () => unread.check(address),
        add: body => c.env?.onAnswered?.(unread.add(address, body)),
      });
      checkOrigin(c);
      if (route.limit) limitStrangers(c, limiter, route.limit);
      const accountId = await requireNeed(c, route.needs);
      if (accountId !== undefined) limitAccount(limiter, route, accountId);
      return route.handle(c, parts);
    });
  }
  for (const [path, methods] of methodsByPath()) {
    app.all(API_PATH + path, () => {
      throw new AppError("METHOD_NOT_ALLOWED", undefined, { details: { allow: methods.join(", ") } });
    });
  }

  app.all(`${AUTH_PATH}/*`, limitBody(LIMITS.requestBytes), async c => {
    checkOrigin(c);
    return answerAuth(c, parts);
  });
  app.get(`${LINK_PATH}:secret`, async c => {
    c.set("route", `${LINK_PATH}:secret`);
    limitStrangers(c, limiter, "link");
    return openLink(c, parts);
  });
  return app;
}

const limitBody = (maxSize: number): MiddlewareHandler<HttpEnvironment> =>
  bodyLimit({
    maxSize,
    onError() {
      throw new AppError("TOO_LARGE", `At most ${maxSize} bytes.`);
    },
  });

/** The account where the route needs one. @throws NOT_SIGNED_IN, FORBIDDEN */
async function requireNeed(c: HttpContext, needs: Need): Promise<string | undefined> {
  if (needs !== "account" && needs !== "administrator") return undefined;
  const identity = await c.get("identify")();
  if (identity?.kind === "token") throw new AppError("FORBIDDEN", "An access token opens its document only.");
  const accountId = accountOf(identity);
  if (accountId === undefined) throw new AppError("NOT_SIGNED_IN");
  if (needs === "administrator" && !(identity && "administrator" in identity && identity.administrator)) {
    throw new AppError("FORBIDDEN");
  }
  return accountId;
}

function methodsByPath(): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const { path, method } of ROUTES) methods.set(path, [...(methods.get(path) ?? []), method]);
  return methods;
}
