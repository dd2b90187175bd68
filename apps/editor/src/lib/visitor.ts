import type { Me } from "@octavo/schema/http";
import { redirect } from "next/navigation";
import { signInPath } from "./next-path.ts";
import { getMe } from "./server-api.ts";

/** The visitor's account; whoever has none is sent to set up or to sign in and comes back to `path`. */
export async function requireAccount(path: string): Promise<NonNullable<Me["user"]>> {
  const { user, needsSetUp } = await getMe();
  if (needsSetUp) redirect("/setup");
  if (!user || user.guest) redirect(signInPath(path));
  return user;
}
