import type { Me } from "@octavo/schema/http";
import type { ReactNode } from "react";
import { AccountMenu } from "./account-menu.tsx";
import { Home, Sheet, SkipLink } from "./sheet.tsx";
import type { Theme } from "./theme.ts";

type User = NonNullable<Me["user"]>;

/** A page with the site's header, for somebody with an account. */
export function SitePage({ user, theme, children }: { user: User; theme: Theme; children: ReactNode }) {
  return (
    <>
      <SkipLink />
      <header className="bar">
        <Home />
        <nav className="bar-nav" aria-label="Site">
          <a href="/trash">Trash</a>
          {user.administrator && <a href="/people">People</a>}
        </nav>
        <AccountMenu user={user} theme={theme} />
      </header>
      <Sheet>{children}</Sheet>
    </>
  );
}
