import type { Role } from "@octavo/schema";

/**
 * The catalog's tables as they stand after the newest migration. Times are milliseconds since 1970, except in
 * the four tables whose columns Better Auth dictates (ISO 8601 text there). SQLite has no booleans: 0 or 1.
 */
export interface Tables {
  user: UserTable;
  session: SessionTable;
  account: AccountTable;
  documents: DocumentTable;
  grants: { documentId: string; userId: string; role: Role; createdAt: number };
  links: LinkTable;
  link_visits: { linkId: string; actor: string; at: number };
  invitations: InvitationTable;
  api_keys: { id: string; userId: string; name: string; keyHash: string; createdAt: number };
}

export interface UserTable {
  id: string;
  name: string;
  /** Lower case. */
  email: string;
  emailVerified: number;
  image: string | null;
  createdAt: string;
  updatedAt: string;
  /** Slot in PRESENCE_COLORS. */
  color: number;
  administrator: number;
}

export interface SessionTable {
  id: string;
  expiresAt: string;
  token: string;
  createdAt: string;
  updatedAt: string;
  ipAddress: string | null;
  userAgent: string | null;
  userId: string;
}

export interface AccountTable {
  id: string;
  accountId: string;
  providerId: string;
  userId: string;
  password: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface DocumentTable {
  id: string;
  ownerId: string;
  title: string;
  /** 1 while the title follows the first heading, 0 from the moment somebody gives one. */
  titleDerived: number;
  snippet: string;
  createdAt: number;
  updatedAt: number;
  trashedAt: number | null;
}

export interface LinkTable {
  id: string;
  documentId: string;
  role: Role;
  /** SHA-256 of the secret: what a visit is looked up by. */
  secretHash: string;
  /** The secret sealed with the signing key, so that those who may share can copy the link again. */
  secretSealed: string;
  createdAt: number;
  revokedAt: number | null;
}

export interface InvitationTable {
  id: string;
  secretHash: string;
  secretSealed: string;
  /** The only address that may use it; null for any. */
  email: string | null;
  createdAt: number;
  expiresAt: number;
  usedAt: number | null;
}
