/** The key or token of `Authorization: Bearer`; undefined for none and for other schemes, which mean nothing here. */
export function bearerOf(headers: Headers): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(headers.get("authorization") ?? "")?.[1];
}
