import { AppError, type ErrorCode, isErrorCode } from "@octavo/schema";
import type {
  ApiKeyCreated,
  ContentIn,
  DocumentList,
  DocumentRecord,
  InvitationRecord,
  LINK_ROLES,
  LinkRecord,
  Problem,
} from "@octavo/schema/http";

/**
 * What a page in the browser asks the server. Requests and answers are typed by the contracts of
 * @octavo/schema/http; the server checks them, and the pages come from the same build as the server.
 */
export const api = {
  setUp: (body: { token: string; name: string; email: string; password: string }) =>
    send<void>("POST", "/api/v1/set-up", body),
  signIn: (body: { email: string; password: string }) => send<void>("POST", "/api/auth/sign-in/email", body),
  signOut: () => send<void>("POST", "/api/auth/sign-out", {}),

  listDocuments: (query: { trashed?: boolean; cursor: string }) =>
    send<DocumentList>(
      "GET",
      `/api/v1/documents?trashed=${query.trashed ?? false}&cursor=${encodeURIComponent(query.cursor)}`,
    ),
  createDocument: (body: { title?: string; content?: ContentIn }) =>
    send<DocumentRecord>("POST", "/api/v1/documents", body),
  renameDocument: (id: string, title: string) =>
    send<DocumentRecord>("PATCH", `/api/v1/documents/${id}`, { title }),
  trashDocument: (id: string) => send<void>("POST", `/api/v1/documents/${id}/trash`),
  restoreDocument: (id: string) => send<void>("POST", `/api/v1/documents/${id}/restore`),
  deleteDocument: (id: string) => send<void>("DELETE", `/api/v1/documents/${id}`),

  listLinks: (id: string) => send<{ items: LinkRecord[] }>("GET", `/api/v1/documents/${id}/links`),
  createLink: (id: string, role: LinkRole) =>
    send<LinkRecord>("POST", `/api/v1/documents/${id}/links`, { role }),
  revokeLink: (id: string, linkId: string) => send<void>("DELETE", `/api/v1/documents/${id}/links/${linkId}`),

  listInvitations: () => send<{ items: InvitationRecord[] }>("GET", "/api/v1/invitations"),
  createInvitation: (body: { email?: string }) => send<InvitationRecord>("POST", "/api/v1/invitations", body),
  revokeInvitation: (id: string) => send<void>("DELETE", `/api/v1/invitations/${id}`),
  acceptInvitation: (body: { token: string; name: string; email: string; password: string }) =>
    send<void>("POST", "/api/v1/invitations/accept", body),

  createApiKey: (name: string) => send<ApiKeyCreated>("POST", "/api/v1/api-keys", { name }),
  revokeApiKey: (id: string) => send<void>("DELETE", `/api/v1/api-keys/${id}`),
};

export type LinkRole = (typeof LINK_ROLES)[number];

/** Message and field messages of whatever a request threw, in words for people. */
export function explain(error: unknown): { message: string; fields: Record<string, string> } {
  if (!(error instanceof AppError)) throw error;
  const list = error.details.errors;
  const fields: Record<string, string> = {};
  if (Array.isArray(list))
    for (const { path, message } of list as NonNullable<Problem["errors"]>) fields[path] ??= message;
  return { message: error.message, fields };
}

/** @throws AppError with the server's code, or INTERNAL where no answer came. */
async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method,
    credentials: "same-origin",
    headers: body === undefined ? {} : { "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new AppError("INTERNAL", `Can’t reach ${location.host}. Nothing is lost; try again in a moment.`, {
      cause,
    });
  });
  const text = await response.text();
  const answer: unknown = text === "" ? undefined : parse(text);
  if (!response.ok) throw errorOf(response.status, answer);
  return answer as T;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Octavo answers with RFC 9457 problems; the sign-in of Better Auth with `{code, message}` of its own. */
function errorOf(status: number, answer: unknown): AppError {
  const given = (typeof answer === "object" && answer !== null ? answer : {}) as Partial<Problem> & {
    message?: string;
  };
  const code: ErrorCode = isErrorCode(given.code) ? given.code : codeOfStatus(status);
  const message = given.detail ?? (isErrorCode(given.code) ? given.title : undefined);
  return new AppError(code, message, given.errors && { details: { errors: given.errors } });
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 401) return "INVALID_CREDENTIALS";
  if (status === 403) return "FORBIDDEN";
  if (status === 404) return "NOT_FOUND";
  if (status === 429) return "TOO_MANY_REQUESTS";
  return status < 500 ? "INVALID_REQUEST" : "INTERNAL";
}
