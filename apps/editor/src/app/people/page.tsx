import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { getInvitations } from "../../lib/server-api.ts";
import { chosenTheme } from "../../lib/theme-cookie.ts";
import { requireAccount } from "../../lib/visitor.ts";
import { SitePage } from "../../ui/site-page.tsx";
import { Invitations } from "./invitations.tsx";

export const metadata: Metadata = { title: "People" };

export default async function PeoplePage() {
  const user = await requireAccount("/people");
  if (!user.administrator) notFound();
  return (
    <SitePage user={user} theme={await chosenTheme()}>
      <div className="page-head">
        <h1>People</h1>
      </div>
      <p className="lead">
        Whoever opens an invitation can make an account on this server, once. Send its link the way you would
        send a key.
      </p>
      <Invitations first={(await getInvitations()).items} now={Date.now()} />
    </SitePage>
  );
}
