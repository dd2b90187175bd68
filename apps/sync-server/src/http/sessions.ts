import { GUEST_COOKIE, GUEST_COOKIE_SECONDS } from "../accounts/guests.ts";
import type { HttpContext, HttpParts } from "./route.ts";

/** The request as Better Auth is to see it: with the origin that browsers see. */
export function requestAtOrigin(c: HttpContext, headers: Headers, body?: string): Request {
  const { pathname, search } = new URL(c.req.url);
  return new Request(new URL(pathname + search, c.get("origin")), {
    method: c.req.method,
    headers,
    ...(body !== undefined && { body }),
  });
}

/** Opens a session for a new account and takes over what its person did as a guest. */
export async function startSession(
  c: HttpContext,
  parts: HttpParts,
  credentials: { email: string; password: string },
): Promise<void> {
  const cookies = await parts.accounts.signIn(requestAtOrigin(c, c.req.raw.headers), credentials);
  for (const cookie of cookies) c.header("set-cookie", cookie, { append: true });
  if (await adoptGuest(c, parts, cookies)) c.header("set-cookie", guestCookie(c, ""), { append: true });
}

/** Gives the account that these cookies sign in to what the request's guest reached. True where there was a guest. */
export async function adoptGuest(
  c: HttpContext,
  { accounts, documents }: HttpParts,
  cookies: string[],
): Promise<boolean> {
  const guest = accounts.guestOf(c.req.raw.headers);
  if (!guest) return false;
  const cookie = cookies.map(each => each.split(";", 1)[0]).join("; ");
  const account = await accounts.identify(new Headers({ cookie }));
  if (account?.kind !== "user") return false;
  await documents.adoptGuest(guest, account);
  return true;
}

/** The header that sets a guest's cookie, or with an empty value removes it. */
export function guestCookie(c: HttpContext, value: string): string {
  const secure = c.get("origin").startsWith("https:") ? "; Secure" : "";
  const age = value === "" ? 0 : GUEST_COOKIE_SECONDS;
  return `${GUEST_COOKIE}=${value}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Lax${secure}`;
}
