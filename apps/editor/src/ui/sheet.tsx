import type { Me } from "@octavo/schema/http";
import type { ReactNode } from "react";
import { AccountMenu } from "./account-menu.tsx";
import { Mark } from "./mark.tsx";
import type { Theme } from "./theme.ts";

type User = NonNullable<Me["user"]>;

/** A page with the site's header, for somebody with an account. */
export function SitePage({ user, theme, children }: { user: User; theme: Theme; children: ReactNode }) {
  return (
    <>
      <SkipLink />
      <header className="bar">
        <a className="home" href="/">
          <Mark />
          <span>Octavo</span>
        </a>
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

/** A page for somebody who is not signed in, or where it does not matter who looks. */
export function PlainPage({ children }: { children: ReactNode }) {
  return (
    <>
      <SkipLink />
      <header className="bar">
        <a className="home" href="/">
          <Mark />
          <span>Octavo</span>
        </a>
      </header>
      <Sheet>{children}</Sheet>
    </>
  );
}

/** The white sheet on the desk. */
function Sheet({ children }: { children: ReactNode }) {
  return (
    <main className="sheet" id="main" tabIndex={-1}>
      {children}
    </main>
  );
}

function SkipLink() {
  return (
    <a className="skip-link" href="#main">
      Skip to content
    </a>
  );
}
