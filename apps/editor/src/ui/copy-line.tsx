"use client";

import { useRef } from "react";
import { ConfirmDialog } from "./dialog.tsx";
import { useNotice } from "./notice.tsx";

interface CopyLineProps {
  value: string;
  label: string;
  /** What is lost by revoking, in one sentence. */
  loss: string;
  revoke: () => void;
}

/** A link to hand out: shown, copied, revoked. */
export function CopyLine({ value, label, loss, revoke }: CopyLineProps) {
  const notice = useNotice();
  const input = useRef<HTMLInputElement>(null);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      // Plain http has no clipboard API, and Octavo is often opened by a LAN address.
      input.current?.select();
      if (!document.execCommand("copy")) return notice({ text: "Press Ctrl+C to copy the selected link." });
    }
    notice({ text: "Link copied." });
  };

  return (
    <div className="copy-line">
      <input
        className="input"
        ref={input}
        readOnly
        value={value}
        aria-label={label}
        onFocus={event => event.currentTarget.select()}
      />
      <button
        type="button"
        className="button small"
        onClick={() => void copy()}
        aria-label={`Copy link: ${label}`}
      >
        Copy link
      </button>
      <ConfirmDialog
        title={`Revoke the ${label.charAt(0).toLowerCase()}${label.slice(1)}?`}
        text={loss}
        action="Revoke"
        confirmed={revoke}
      >
        <button type="button" className="button small danger" aria-label={`Revoke: ${label}`}>
          Revoke
        </button>
      </ConfirmDialog>
    </div>
  );
}
