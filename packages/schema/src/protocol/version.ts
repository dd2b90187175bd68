/**
 * Version of what travels between client and server besides the document itself. Raised with any change of a
 * message, a path or a claim; `protocol-version.test.ts` hashes the schemas and fails until it is.
 */
export const PROTOCOL_VERSION = 2;
