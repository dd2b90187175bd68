"use client";

import type { ConnectionState, OpenDocument, SaveState } from "@octavo/client";
import { useEffect, useState } from "react";
import { useConnection, useSaveState } from "./hooks.ts";
import type { Messages } from "./messages/en.ts";
import { useMessages } from "./messages/messages.tsx";

interface NoticesProps {
  document: OpenDocument | undefined;
  onSignIn?: (() => void) | undefined;
}

/** The bar under the toolbar: why nothing is saved at the moment, and the one thing that helps. */
export function Notices({ document, onSignIn }: NoticesProps) {
  const messages = useMessages();
  const saveState = useSaveState(document);
  const connection = useConnection(document);
  const notice = noticeFor(saveState, connection, messages);
  if (document === undefined || notice === undefined) return null;
  const reload = () => window.location.reload();
  return (
    <div className="octavo-notice-slot">
      <div className="octavo-notice" data-tone={notice.tone}>
        <span>{notice.text}</span>
        {connection.state === "waiting" && <Countdown retryAt={connection.retryAt} />}
        <span className="octavo-notice-actions">
          {connection.state === "waiting" && (
            <button type="button" className="octavo-text-button" onClick={() => document.retryNow()}>
              {messages.retryNow}
            </button>
          )}
          {notice.offersText && <CopyUnsaved document={document} />}
          {notice.recovery === "reload" && (
            <button type="button" className="octavo-text-button" onClick={reload}>
              {messages.reload}
            </button>
          )}
          {notice.recovery === "sign-in" && (
            <button type="button" className="octavo-text-button" onClick={onSignIn ?? reload}>
              {messages.signIn}
            </button>
          )}
        </span>
      </div>
    </div>
  );
}

interface Notice {
  tone: "danger" | "quiet";
  text: string;
  offersText: boolean;
  recovery: "reload" | "sign-in" | undefined;
}

function noticeFor(
  saveState: SaveState,
  connection: ConnectionState,
  messages: Messages,
): Notice | undefined {
  if (saveState.kind === "cannot-save") {
    const { code, hasUnsaved } = saveState;
    const reason = messages.reasons[code] ?? messages.reasonOther(code);
    const recovery = connection.state === "closed" ? connection.recovery : hasUnsaved ? "reload" : undefined;
    return {
      tone: "danger",
      text: hasUnsaved ? `${reason} ${messages.unsavedKept}` : reason,
      offersText: hasUnsaved,
      // A disk that is full now takes writes again later: reloading would throw away what waits for it.
      recovery:
        code !== "APPEND_FAILED" && (recovery === "reload" || recovery === "sign-in") ? recovery : undefined,
    };
  }
  if (saveState.kind === "offline-not-kept") {
    return {
      tone: "danger",
      text: messages.offlineHint(saveState.unsentEdits),
      offersText: saveState.unsentEdits > 0,
      recovery: undefined,
    };
  }
  return undefined;
}

function Countdown({ retryAt }: { retryAt: number }) {
  const messages = useMessages();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.ceil((retryAt - now) / 1000);
  return <span>{seconds > 0 ? messages.retryingIn(seconds) : messages.retryingNow}</span>;
}

function CopyUnsaved({ document }: { document: OpenDocument }) {
  const messages = useMessages();
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(document.unsentText());
    setCopied(true);
  };
  return (
    <button type="button" className="octavo-text-button" onClick={() => void copy()}>
      {isCopied ? messages.copied : messages.copyUnsaved}
    </button>
  );
}
