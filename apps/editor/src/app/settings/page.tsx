import type { Metadata } from "next";
import { getApiKeys } from "../../lib/server-api.ts";
import { chosenTheme } from "../../lib/theme-cookie.ts";
import { requireAccount } from "../../lib/visitor.ts";
import { SitePage } from "../../ui/site-page.tsx";
import { ApiKeys } from "./api-keys.tsx";
import { Appearance } from "./appearance.tsx";

export const metadata: Metadata = { title: "Settings" };

/** What concerns one account alone: who it is, how Octavo looks to it, and which programs act for it. */
export default async function SettingsPage() {
  const user = await requireAccount("/settings");
  const theme = await chosenTheme();
  const { items } = await getApiKeys();
  return (
    <SitePage user={user} theme={theme}>
      <div className="page-head">
        <h1>Settings</h1>
      </div>
      <section aria-labelledby="account">
        <h2 id="account">Account</h2>
        <dl className="facts">
          <dt>Name</dt>
          <dd>{user.name}</dd>
          <dt>E-mail</dt>
          <dd>{user.email}</dd>
        </dl>
      </section>
      <Appearance rendered={theme} />
      <section aria-labelledby="api-keys">
        <h2 id="api-keys">API keys</h2>
        <p className="aside">
          A program that has one of your keys may do what you may: read, write and delete your documents. Give
          each program a key of its own, so that you can revoke it alone.
        </p>
        <ApiKeys first={items.toReversed()} now={Date.now()} />
      </section>
    </SitePage>
  );
}
