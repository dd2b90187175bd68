"use client";

import { normalizeImageSource } from "@octavo/schema/document";
import type { Editor } from "@tiptap/core";
import { type FormEvent, useId, useState } from "react";
import { useMessages } from "../messages/messages.tsx";

/** An image by its address, with the words for people who can't see it. */
export function ImagePanel({ editor, onDone }: { editor: Editor; onDone: () => void }) {
  const messages = useMessages();
  const id = useId();
  const [source, setSource] = useState("");
  const [alt, setAlt] = useState("");
  const [isRefused, setRefused] = useState(false);

  const insert = (event: FormEvent) => {
    event.preventDefault();
    const src = normalizeImageSource(source);
    if (src === undefined) return setRefused(true);
    editor.chain().setImage({ src, alt: alt.trim() }).run();
    onDone();
  };
  return (
    <form className="octavo-form" onSubmit={insert}>
      <label htmlFor={`${id}-source`}>{messages.imageAddress}</label>
      <input
        id={`${id}-source`}
        className="octavo-field"
        type="text"
        inputMode="url"
        autoComplete="off"
        value={source}
        aria-invalid={isRefused || undefined}
        aria-describedby={isRefused ? `${id}-error` : undefined}
        onChange={event => {
          setSource(event.target.value);
          setRefused(false);
        }}
      />
      {isRefused && (
        <p id={`${id}-error`} className="octavo-form-error" role="alert">
          {messages.imageInvalid}
        </p>
      )}
      <label htmlFor={`${id}-alt`}>{messages.imageAlt}</label>
      <input
        id={`${id}-alt`}
        className="octavo-field"
        type="text"
        autoComplete="off"
        value={alt}
        onChange={event => setAlt(event.target.value)}
      />
      <div className="octavo-form-actions">
        <button type="submit" className="octavo-text-button octavo-filled">
          {messages.imageInsert}
        </button>
      </div>
    </form>
  );
}
