import type { Requester } from "../config/requester.ts";

export interface SecurityOptions {
  embedOrigins: readonly string[];
  /** Next's hot reload evaluates code. */
  development: boolean;
}

/** Addresses whose path or query is a secret: they tell no other page where somebody came from. */
const SECRET_PATH = /^\/(setup|invite|s)(\/|\?|$)/;

/**
 * What a browser may do on one page. Next reads the nonce from the policy in the request's headers and puts it on
 * its scripts; 'strict-dynamic' lets those load their chunks.
 */
export function contentSecurityPolicy(nonce: string, requester: Requester, options: SecurityOptions): string {
  const socket =
    requester.host === "" ? "" : ` ${requester.protocol === "https" ? "wss" : "ws"}://${requester.host}`;
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${options.development ? " 'unsafe-eval'" : ""}`,
    // Colours of text are style attributes, and ProseMirror and Radix add style elements.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' https: data: blob:",
    "font-src 'self'",
    `connect-src 'self'${socket}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    `frame-ancestors ${options.embedOrigins.length > 0 ? ["'self'", ...options.embedOrigins].join(" ") : "'none'"}`,
  ].join("; ");
}

/** Headers of every answer of the pages, besides the policy. */
export function securityHeaders(
  path: string,
  requester: Requester,
  options: SecurityOptions,
): Record<string, string> {
  return {
    "x-content-type-options": "nosniff",
    "referrer-policy": SECRET_PATH.test(path) ? "no-referrer" : "same-origin",
    ...(options.embedOrigins.length === 0 && { "x-frame-options": "DENY" }),
    ...(requester.protocol === "https" && { "strict-transport-security": "max-age=31536000" }),
  };
}
