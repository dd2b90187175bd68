import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { nextPath } from "../../lib/next-path.ts";
import { getMe } from "../../lib/server-api.ts";
import { PlainPage } from "../../ui/sheet.tsx";
import { SignInForm } from "./sign-in-form.tsx";

export const metadata: Metadata = { title: "Sign in" };

export default async function SignInPage({ searchParams }: PageProps<"/signin">) {
  const { next, switch: switching } = await searchParams;
  const { user, needsSetUp } = await getMe();
  if (needsSetUp) redirect("/setup");
  if (user && !user.guest && switching === undefined) redirect(nextPath(next));
  return (
    <PlainPage>
      <h1>Sign in</h1>
      <SignInForm next={nextPath(next)} />
      <p className="aside">No account yet? Ask an administrator of this server for an invitation.</p>
    </PlainPage>
  );
}
