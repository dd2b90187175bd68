"use client";

import { type ReactNode, type Ref, useImperativeHandle, useRef } from "react";
import { ConfirmDialog } from "./dialog.tsx";
import { useNotice } from "./notice.tsx";

interface CopyLineProps {
  value: string;
  label: string;
  /** What is copied, in a word. */
  what: "link" | "key";
  /** Id of the text that says more about the value. */
  describedBy?: string;
  ref?: Ref<HTMLInputElement>;
  /** Buttons beside "Copy". */
  children?: ReactNode;
}

/** Something to hand out: shown, selected by its focus, copied. */
export function CopyLine({ value, label, what, describedBy, ref, children }: CopyLineProps) {
  const notice = useNotice();
  const input = useRef<HTMLInputElement>(null);
  useImperativeHandle(ref, () => input.current as HTMLInputElement);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      // Plain http has no clipboard API, and Octavo is often opened by a LAN address.
      input.current?.select();
      if (!document.execCommand("copy"))
        return notice({ text: `Press Ctrl+C to copy the selected ${what}.` });
    }
    notice({ text: `${what === "link" ? "Link" : "Key"} copied.` });
  };

  return (
    <div className="copy-line">
      <input
        className="input"
        ref={input}
        readOnly
        value={value}
        aria-label={label}
        aria-describedby={describedBy}
        onFocus={event => event.currentTarget.select()}
      />
      <button
        type="button"
        className="button small"
        onClick={() => void copy()}
        aria-label={`Copy ${what}: ${label}`}
      >
        Copy {what}
      </button>
      {children}
    </div>
  );
}

interface RevokeButtonProps {
  label: string;
  /** What is lost, in one or two sentences. */
  loss: string;
  revoke: () => void;
}

/** Takes back what was handed out, after a question. */
export function RevokeButton({ label, loss, revoke }: RevokeButtonProps) {
  return (
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
  );
}
