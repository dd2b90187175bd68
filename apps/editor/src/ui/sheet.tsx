import type { ReactNode } from "react";
import { Mark } from "./mark.tsx";

/** A page for somebody who is not signed in, or where it does not matter who looks. */
export function PlainPage({ children }: { children: ReactNode }) {
  return (
    <>
      <SkipLink />
      <header className="bar">
        <Home />
      </header>
      <Sheet>{children}</Sheet>
    </>
  );
}

/** The mark and the name, which lead to the documents. */
export function Home() {
  return (
    <a className="home" href="/">
      <Mark />
      <span>Octavo</span>
    </a>
  );
}

/** The white sheet on the desk. */
export function Sheet({ children }: { children: ReactNode }) {
  return (
    <main className="sheet" id="main" tabIndex={-1}>
      {children}
    </main>
  );
}

/** First in the order of the keyboard. */
export function SkipLink() {
  return (
    <a className="skip-link" href="#main">
      Skip to content
    </a>
  );
}
