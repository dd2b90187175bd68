"use client";

import { createContext, type ReactNode, useContext, useMemo } from "react";
import { en, type Messages } from "./en.ts";

const MessagesContext = createContext<Messages>(en);

/** Gives the parts below it their words; what `messages` leaves out is English. */
export function MessagesProvider(props: { messages?: Partial<Messages> | undefined; children: ReactNode }) {
  const { messages, children } = props;
  const complete = useMemo(() => ({ ...en, ...messages }), [messages]);
  return <MessagesContext.Provider value={complete}>{children}</MessagesContext.Provider>;
}

export function useMessages(): Messages {
  return useContext(MessagesContext);
}
