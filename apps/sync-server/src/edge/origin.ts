/** What an upgrade says about the page that asked for it. */
export interface OriginClaim {
  origin: string | undefined;
  /** Host and port as the browser sees them. */
  host: string;
}

export interface OriginRules {
  /** The configured public origin; undefined means the effective host of each request. */
  url: string | undefined;
  /** Other sites' pages that may open documents with a token. */
  embedOrigins: readonly string[];
}

/**
 * Whose credentials count: `cookie` for our own pages, `token` for requests without an Origin and for pages that may
 * embed; undefined when neither may. A browser sends cookies with every page's requests, tokens with none.
 */
export function credentialsOfOrigin(claim: OriginClaim, rules: OriginRules): "cookie" | "token" | undefined {
  const { origin, host } = claim;
  if (origin === undefined) return "token";
  if (isOwnOrigin(origin, host, rules.url)) return "cookie";
  return rules.embedOrigins.includes(origin) ? "token" : undefined;
}

function isOwnOrigin(origin: string, host: string, url: string | undefined): boolean {
  if (!URL.canParse(origin)) return false;
  if (url !== undefined) return origin === new URL(url).origin;
  return host !== "" && new URL(origin).host === normalHost(host, origin);
}

/** Without the port that the scheme has anyway, as browsers write it in an Origin. */
function normalHost(host: string, origin: string): string {
  const scheme = new URL(origin).protocol;
  const address = `${scheme}//${host}`;
  return URL.canParse(address) ? new URL(address).host : "";
}
