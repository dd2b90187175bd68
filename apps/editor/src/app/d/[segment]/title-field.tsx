"use client";

import { documentPath, LIMITS } from "@octavo/schema";
import { useEffect, useRef } from "react";
import { api, explain } from "../../../lib/api.ts";
import { useNotice } from "../../../ui/notice.tsx";

interface TitleFieldProps {
  id: string;
  /** The title as the server knows it now. */
  title: string;
  writable: boolean;
  /** Goes on in the body. */
  leave: () => void;
}

/** The document's title in the header: Enter goes on in the body, Escape reverts, leaving the field keeps it. */
export function TitleField({ id, title, writable, leave }: TitleFieldProps) {
  const notice = useNotice();
  const input = useRef<HTMLInputElement>(null);
  const kept = useRef(title);

  useEffect(() => {
    kept.current = title;
    const field = input.current;
    // Somebody else's rename must not take away what is being typed here.
    if (field && document.activeElement !== field) field.value = title;
    history.replaceState(history.state, "", documentPath({ id, title }) + location.search + location.hash);
  }, [id, title]);

  const keep = async () => {
    const field = input.current;
    const next = field?.value.trim() ?? "";
    if (!field || next === kept.current) return;
    try {
      // The server tells everybody who has the document open, this window included.
      kept.current = (await api.renameDocument(id, next)).title;
    } catch (error) {
      const { message, fields } = explain(error);
      notice({ text: `The title was not changed. ${fields.title ?? message}`, failed: true });
    }
  };

  return (
    <input
      ref={input}
      className="input title-field"
      aria-label="Title"
      placeholder="Untitled"
      defaultValue={title}
      readOnly={!writable}
      maxLength={LIMITS.titleLength}
      autoComplete="off"
      onKeyDown={event => {
        if (event.nativeEvent.isComposing) return;
        if (event.key === "Escape") event.currentTarget.value = kept.current;
        if (event.key === "Enter" || event.key === "Escape") {
          event.preventDefault();
          event.currentTarget.blur();
          leave();
        }
      }}
      onBlur={() => void (writable && keep())}
    />
  );
}
