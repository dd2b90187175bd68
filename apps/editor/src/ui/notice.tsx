"use client";

import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";

interface Notice {
  text: string;
  /** Something went wrong: announced at once, and stays until it is dismissed. */
  failed?: boolean;
  action?: { label: string; run: () => void };
}

const NOTICE_MS = 8_000;
const NoticeContext = createContext<(notice: Notice) => void>(() => {});

/** Shows one quiet line at the bottom of the page and announces it; the next one takes its place. */
export const useNotice = () => useContext(NoticeContext);

export function NoticeProvider({ children }: { children: ReactNode }) {
  const [notice, setNotice] = useState<Notice>();
  const [held, setHeld] = useState(false);
  const show = useCallback((next: Notice) => setNotice(next), []);

  useEffect(() => {
    // An action must not vanish under the pointer or the focus that is about to use it.
    if (!notice || notice.failed || held) return;
    const timer = setTimeout(() => setNotice(undefined), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice, held]);

  return (
    <NoticeContext value={show}>
      {children}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: only notices that somebody is here, does nothing itself */}
      <div
        className="notice-region"
        onPointerEnter={() => setHeld(true)}
        onPointerLeave={() => setHeld(false)}
        onFocus={() => setHeld(true)}
        onBlur={() => setHeld(false)}
      >
        {/* Always there, since a live region that appears together with its text is not read; and with aria-live
            said, since only then a modal dialog does not hide it. */}
        <div role="status" aria-live="polite">
          {notice && !notice.failed && <NoticeLine notice={notice} close={() => setNotice(undefined)} />}
        </div>
        <div role="alert" aria-live="assertive">
          {notice?.failed && <NoticeLine notice={notice} close={() => setNotice(undefined)} />}
        </div>
      </div>
    </NoticeContext>
  );
}

function NoticeLine({ notice, close }: { notice: Notice; close: () => void }) {
  return (
    <p className="notice">
      <span>{notice.text}</span>
      {notice.action && (
        <button
          type="button"
          className="notice-action"
          onClick={() => {
            close();
            notice.action?.run();
          }}
        >
          {notice.action.label}
        </button>
      )}
      {notice.failed && (
        <button type="button" className="notice-action" onClick={close}>
          Dismiss
        </button>
      )}
    </p>
  );
}
