/** Roles on a document, from least to most. A commenter reads only, until comments exist. */
export const ROLES = ["viewer", "commenter", "editor", "owner"] as const;
export type Role = (typeof ROLES)[number];

/** What a person may do with one document. */
export const ACTIONS = ["read", "comment", "write", "share", "trash", "delete"] as const;
export type Action = (typeof ACTIONS)[number];

const LEAST_ROLE: Record<Action, Role> = {
  read: "viewer",
  comment: "commenter",
  write: "editor",
  share: "owner",
  trash: "owner",
  delete: "owner",
};

/** Whether `role` allows `action`; no role allows nothing. */
export function can(role: Role | undefined, action: Action): boolean {
  return role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(LEAST_ROLE[action]);
}

/** The stronger of two roles. */
export function strongest(a: Role | undefined, b: Role | undefined): Role | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return ROLES.indexOf(a) >= ROLES.indexOf(b) ? a : b;
}

/** The weaker of two roles: a token or a mode can lower what a person may do, never raise it. */
export function weakest(a: Role, b: Role): Role {
  return ROLES.indexOf(a) <= ROLES.indexOf(b) ? a : b;
}
