"use client";

import { createContext, useContext } from "react";

/** The editor's root element: menus and popovers are put inside it, where its styles reach and a host's do not. */
export const RootContext = createContext<HTMLElement | null>(null);

export function useRoot(): HTMLElement | null {
  return useContext(RootContext);
}
