"use client";

import { usePathname } from "next/navigation";
import type { ReactNode } from "react";

/** Link to the sign-in page that comes back to this address. */
export function SignInHere({ children }: { children: ReactNode }) {
  return <a href={`/signin?switch&next=${encodeURIComponent(usePathname())}`}>{children}</a>;
}
