"use client";

import type { ReactNode } from "react";

/** Link to the sign-in page that comes back to this address. */
export function SignInHere({ children }: { children: ReactNode }) {
  return (
    <a
      href="/signin?switch"
      onClick={event => {
        // Only the browser knows the address for sure: what the server renders may be a rewritten one.
        event.currentTarget.search = `?switch&next=${encodeURIComponent(location.pathname)}`;
      }}
    >
      {children}
    </a>
  );
}
