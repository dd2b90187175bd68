/** What an upgrade says about the page that asked for it. */
export interface OriginClaim {
  origin: string | undefined;
  /** Scheme, host and port as the browser sees them, after trusted proxies. */
  protocol: "http" | "https";
  host: string;
}

export interface OriginRules {
  /** The configured public origin; undefined means the effective scheme and host of each request. */
  url: string | undefined;
  /** Other sites' pages that may open documents with a token. */
  embedOrigins: readonly string[];
}

/**
 * Whose credentials count: `cookie` for our own pages, `token` for requests without an Origin and for pages that may
 * embed; undefined when neither may. A browser sends cookies with every page's requests, tokens with none.
 */
export function credentialsOfOrigin(claim: OriginClaim, rules: OriginRules): "cookie" | "token" | undefined {
  const { origin } = claim;
  if (origin === undefined) return "token";
  if (origin === ownOrigin(claim, rules)) return "cookie";
  return rules.embedOrigins.includes(origin) ? "token" : undefined;
}

/** The origin of our own pages as browsers write it; undefined for a request whose host is none. */
function ownOrigin({ protocol, host }: OriginClaim, { url }: OriginRules): string | undefined {
  const address = url ?? `${protocol}://${host}`;
  return URL.canParse(address) ? new URL(address).origin : undefined;
}
