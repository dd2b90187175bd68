"use client";

import { completeHref } from "@octavo/schema/document";
import type { Editor } from "@tiptap/core";
import { type FormEvent, useId, useState } from "react";
import { useMessages } from "../messages/messages.tsx";

export interface LinkPanelProps {
  editor: Editor;
  onDone: () => void;
}

/** Address of the link at the caret or on the selection: apply, open, copy, remove. */
export function LinkPanel({ editor, onDone }: LinkPanelProps) {
  const messages = useMessages();
  const id = useId();
  const current = editor.getAttributes("link").href as string | undefined;
  const [typed, setTyped] = useState(current ?? "");
  const [isRefused, setRefused] = useState(false);

  const apply = (event: FormEvent) => {
    event.preventDefault();
    const href = completeHref(typed);
    if (href === undefined) return setRefused(true);
    const { empty } = editor.state.selection;
    const chain = editor.chain().extendMarkRange("link");
    if (empty && current === undefined) {
      chain
        .insertContent({ type: "text", text: typed.trim(), marks: [{ type: "link", attrs: { href } }] })
        .run();
    } else {
      chain.setLink({ href }).run();
    }
    onDone();
  };
  const remove = () => {
    editor.chain().extendMarkRange("link").unsetLink().run();
    onDone();
  };
  return (
    <form className="octavo-form" onSubmit={apply}>
      <label htmlFor={id}>{messages.linkAddress}</label>
      <input
        id={id}
        className="octavo-field"
        // An address without https:// is completed, so the browser must not judge it.
        type="text"
        inputMode="url"
        autoComplete="off"
        value={typed}
        aria-invalid={isRefused || undefined}
        aria-describedby={isRefused ? `${id}-error` : undefined}
        onChange={event => {
          setTyped(event.target.value);
          setRefused(false);
        }}
      />
      {isRefused && (
        <p id={`${id}-error`} className="octavo-form-error" role="alert">
          {messages.linkInvalid}
        </p>
      )}
      <div className="octavo-form-actions">
        <button type="submit" className="octavo-text-button octavo-filled">
          {messages.linkApply}
        </button>
        {current !== undefined && (
          <>
            <a
              className="octavo-text-button"
              href={current}
              target="_blank"
              rel="noopener noreferrer nofollow"
            >
              {messages.linkOpen}
            </a>
            <button
              type="button"
              className="octavo-text-button"
              onClick={() => {
                void navigator.clipboard.writeText(current);
                onDone();
              }}
            >
              {messages.linkCopy}
            </button>
            <button type="button" className="octavo-text-button" onClick={remove}>
              {messages.linkRemove}
            </button>
          </>
        )}
      </div>
    </form>
  );
}
