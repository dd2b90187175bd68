/** The `next` of a sign-in link where it is a path of this site; `/` for anything that leads elsewhere. */
export function nextPath(next: string | string[] | null | undefined): string {
  if (typeof next !== "string" || !next.startsWith("/")) return "/";
  // Browsers read `//host`, `/\host` and control characters between the slashes as another site.
  const target = URL.parse(next, "http://octavo.invalid");
  return target?.origin === "http://octavo.invalid" ? target.pathname + target.search + target.hash : "/";
}

/** Address of the sign-in page that comes back to `path`. */
export function signInPath(path: string): string {
  return path === "/" ? "/signin" : `/signin?next=${encodeURIComponent(path)}`;
}
