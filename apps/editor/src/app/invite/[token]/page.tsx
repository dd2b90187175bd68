import type { Metadata } from "next";
import { getMe } from "../../../lib/server-api.ts";
import { PlainPage } from "../../../ui/sheet.tsx";
import { InvitationForm } from "./invitation-form.tsx";

export const metadata: Metadata = { title: "Invitation", referrer: "no-referrer" };

export default async function InvitationPage({ params }: PageProps<"/invite/[token]">) {
  const { token } = await params;
  const { user } = await getMe();
  if (user && !user.guest) {
    return (
      <PlainPage>
        <h1>You have an account already</h1>
        <p className="lead">
          You are signed in as {user.name}. This invitation is for somebody who has none.
        </p>
        <p>
          <a className="button filled" href="/">
            Go to your documents
          </a>
        </p>
      </PlainPage>
    );
  }
  return (
    <PlainPage>
      <h1>You are invited</h1>
      <p className="lead">Make an account on this server to write with the others.</p>
      <InvitationForm token={token} />
      <p className="aside">
        You have one already? <a href="/signin">Sign in</a>
      </p>
    </PlainPage>
  );
}
