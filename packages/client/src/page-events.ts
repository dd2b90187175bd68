/** What a session wants of the page it lives in. */
export interface PageEvents {
  /** The network is back or the tab is looked at again: a good moment to connect. */
  onAwake(): void;
  /** The page came back from the browser's cache of left pages, where it had said goodbye. */
  onReturn(): void;
  isAtRisk(): boolean;
}

/** Listens until the returned function is called. Does nothing where there is no page. */
export function listenToPage(events: PageEvents): () => void {
  if (typeof window === "undefined" || typeof document === "undefined") return () => {};
  const ends: (() => void)[] = [];
  const listen = (target: EventTarget, type: string, listener: (event: Event) => void): void => {
    target.addEventListener(type, listener);
    ends.push(() => target.removeEventListener(type, listener));
  };
  listen(window, "online", () => events.onAwake());
  listen(document, "visibilitychange", () => {
    if (!document.hidden) events.onAwake();
  });
  listen(window, "pageshow", event => {
    if ((event as PageTransitionEvent).persisted) events.onReturn();
  });
  listen(window, "beforeunload", event => {
    if (events.isAtRisk()) event.preventDefault();
  });
  return () => {
    for (const end of ends) end();
  };
}
