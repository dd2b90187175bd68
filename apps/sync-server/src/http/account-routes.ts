import { AppError } from "@octavo/schema";
import {
  acceptInvitation,
  createInvitation,
  type InvitationRecord,
  type Me,
  setUp,
} from "@octavo/schema/http";
import { INVITE_PATH } from "@octavo/schema/protocol";
import type { Invitation } from "../accounts/accounts.ts";
import { type Identity, nameOf } from "../accounts/identity.ts";
import { readBody, readId } from "./read-request.ts";
import type { HttpContext, Route } from "./route.ts";
import { startSession } from "./sessions.ts";

export const accountRoutes: Route[] = [
  {
    method: "GET",
    path: "/me",
    needs: "nothing",
    async handle(c, { accounts }) {
      const body: Me = {
        user: userOf(await c.get("identify")()),
        needsSetUp: accounts.setupUrl() !== undefined,
      };
      return c.json(body);
    },
  },
  {
    method: "POST",
    path: "/set-up",
    needs: "nothing",
    limit: "set-up",
    async handle(c, parts) {
      // Before the body is read: once there is an account, this route does not exist.
      if (parts.accounts.setupUrl() === undefined) throw new AppError("NOT_FOUND");
      const account = await readBody(c, setUp);
      const person = await parts.accounts.createFirstAdministrator(account);
      await startSession(c, parts, account);
      return c.json({ user: { ...person, guest: false }, needsSetUp: false } satisfies Me, 201);
    },
  },
  {
    method: "GET",
    path: "/invitations",
    needs: "administrator",
    async handle(c, { accounts }) {
      const invitations = await accounts.invitations();
      return c.json({ items: invitations.map(invitation => invitationRecord(c, invitation)) });
    },
  },
  {
    method: "POST",
    path: "/invitations",
    needs: "administrator",
    async handle(c, { accounts }) {
      const { email } = await readBody(c, createInvitation);
      return c.json(invitationRecord(c, await accounts.invite(email)), 201);
    },
  },
  {
    method: "DELETE",
    path: "/invitations/:id",
    needs: "administrator",
    async handle(c, { accounts }) {
      await accounts.revokeInvitation(readId(c, "id"));
      return c.body(null, 204);
    },
  },
  {
    method: "POST",
    path: "/invitations/accept",
    needs: "nothing",
    limit: "invitation",
    async handle(c, parts) {
      const account = await readBody(c, acceptInvitation);
      const person = await parts.accounts.acceptInvitation(account);
      await startSession(c, parts, account);
      return c.json({ user: { ...person, guest: false }, needsSetUp: false } satisfies Me, 201);
    },
  },
];

function userOf(identity: Identity | undefined): Me["user"] {
  if (!identity) return null;
  return {
    id: idOf(identity),
    name: nameOf(identity),
    email: identity.kind === "user" ? identity.email : null,
    color: identity.color,
    guest: identity.kind === "guest",
    administrator: (identity.kind === "user" || identity.kind === "api-key") && identity.administrator,
  };
}

function idOf(identity: Identity): string {
  if (identity.kind === "guest") return identity.guestId;
  return identity.kind === "token" ? identity.claims.sub : identity.userId;
}

function invitationRecord(
  c: HttpContext,
  { id, email, secret, createdAt, expiresAt }: Invitation,
): InvitationRecord {
  return {
    id,
    email,
    url: `${c.get("origin")}${INVITE_PATH}${secret}`,
    createdAt: new Date(createdAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
  };
}
