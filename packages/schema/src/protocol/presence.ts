import { z } from "zod";
import { LIMITS } from "../limits.ts";

/** Colour slots of people (UX.md §3): index into PRESENCE_COLORS; contrast of each was computed. */
export const PRESENCE_COLORS = [
  { name: "raspberry", light: "#aa2e4e", dark: "#fd9ead" },
  { name: "vermilion", light: "#a83902", dark: "#ffa383" },
  { name: "amber", light: "#8a5601", dark: "#f3ae58" },
  { name: "olive", light: "#676803", dark: "#c3c55a" },
  { name: "leaf", light: "#17780f", dark: "#8cd384" },
  { name: "teal", light: "#0c7365", dark: "#40d9c1" },
  { name: "cyan", light: "#016f82", dark: "#37d2f2" },
  { name: "azure", light: "#0465af", dark: "#8ac3fd" },
  { name: "iris", light: "#5d4fb9", dark: "#b7b5fd" },
  { name: "orchid", light: "#8a3d9a", dark: "#e3a2f2" },
] as const;

/** Who somebody is: stamped by the server on every state; what a client sends here is overwritten. */
export const presenceUser = z.object({
  id: z.string().max(200),
  name: z.string().max(LIMITS.nameLength),
  /** Slot 0-9. */
  color: z.number().int().min(0).max(9),
  guest: z.boolean(),
});
export type PresenceUser = z.infer<typeof presenceUser>;

/** The awareness state of one client: the client's cursor (Yjs relative positions as JSON), the server's user. */
export const presenceState = z.object({
  user: presenceUser,
  cursor: z.object({ anchor: z.unknown(), head: z.unknown() }).nullish(),
  /** True while the tab is hidden or the person idle. */
  away: z.boolean().optional(),
});
export type PresenceState = z.infer<typeof presenceState>;
