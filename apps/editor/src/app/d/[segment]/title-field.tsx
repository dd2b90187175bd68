"use client";

import { documentPath, LIMITS } from "@octavo/schema";
import { useEffect, useRef } from "react";
import { api, explain } from "../../../lib/api.ts";
import { useNotice } from "../../../ui/notice.tsx";

interface TitleFieldProps {
  document: { id: string; title: string };
  /** The title as the server knows it now. */
  title: string;
  writable: boolean;
  renamed: (title: string) => void;
  leave: () => void;
}

/** The document's title in the header: Enter goes on in the body, Escape reverts, leaving the field keeps it. */
export function TitleField({ document, title, writable, renamed, leave }: TitleFieldProps) {
  const notice = useNotice();
  const input = useRef<HTMLInputElement>(null);
  const kept = useRef(title);

  useEffect(() => {
    kept.current = title;
    // Somebody else's rename must not take away what is being typed here.
    if (input.current && globalThis.document.activeElement !== input.current) input.current.value = title;
  }, [title]);

  const keep = async () => {
    const next = input.current?.value.trim() ?? "";
    if (next === kept.current) return;
    try {
      const record = await api.renameDocument(document.id, next);
      kept.current = record.title;
      renamed(record.title);
      history.replaceState(history.state, "", documentPath(record) + location.hash);
    } catch (error) {
      notice({ text: `The title was not changed. ${explain(error).message}`, failed: true });
    }
  };

  return (
    <input
      ref={input}
      className="title-field"
      aria-label="Title"
      placeholder="Untitled"
      defaultValue={title}
      readOnly={!writable}
      maxLength={LIMITS.titleLength}
      autoComplete="off"
      onKeyDown={event => {
        if (event.nativeEvent.isComposing) return;
        if (event.key === "Enter") leave();
        if (event.key === "Escape") {
          event.currentTarget.value = kept.current;
          leave();
        }
      }}
      onBlur={() => writable && void keep()}
    />
  );
}
