import { createHash } from "node:crypto";
import { isId, newId } from "@octavo/schema";
import { PRESENCE_COLORS } from "@octavo/schema/protocol";
import { ANIMALS } from "./animals.ts";
import type { Identity } from "./identity.ts";
import { readSigned, sign } from "./keys.ts";

/** Cookie of people who came by a link and have no account: their id, signed. */
export const GUEST_COOKIE = "octavo_guest";
/** A guest who comes back within a year is the same guest. */
export const GUEST_COOKIE_SECONDS = 365 * 24 * 60 * 60;

export type Guest = Extract<Identity, { kind: "guest" }>;

/** Name and colour follow from the id, so that a guest keeps both without a record. */
export function guestOf(guestId: string): Guest {
  const hash = createHash("sha256").update(guestId).digest();
  return {
    kind: "guest",
    guestId,
    name: `Anonymous ${ANIMALS[hash.readUInt16BE(0) % ANIMALS.length]}`,
    color: hash.readUInt16BE(2) % PRESENCE_COLORS.length,
  };
}

/** A new guest and the value of their cookie. */
export function newGuest(key: Buffer): { guest: Guest; cookie: string } {
  const guest = guestOf(newId());
  return { guest, cookie: sign(key, guest.guestId) };
}

/** Undefined where the cookie is not one of ours. */
export function readGuest(key: Buffer, cookie: string): Guest | undefined {
  const guestId = readSigned(key, cookie);
  return isId(guestId) ? guestOf(guestId) : undefined;
}
