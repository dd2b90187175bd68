"use client";

import { LIMITS } from "@octavo/schema";
import type { DocumentRecord } from "@octavo/schema/http";
import { useEffect, useId, useRef, useState } from "react";
import { api, explain } from "../lib/api.ts";

interface RenameFieldProps {
  document: DocumentRecord;
  renamed: (record: DocumentRecord) => void;
  done: () => void;
}

/** Renames a document in its row: Enter and leaving keep the name, Escape does not, a refusal keeps what was typed. */
export function RenameField({ document, renamed, done }: RenameFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const [error, setError] = useState("");
  const errorId = useId();

  useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);

  const keep = async () => {
    const title = input.current?.value.trim() ?? "";
    if (title === document.title) return done();
    try {
      renamed(await api.renameDocument(document.id, title));
      done();
    } catch (cause) {
      const { message, fields } = explain(cause);
      setError(fields.title ?? message);
    }
  };

  return (
    <span className="rename">
      <input
        ref={input}
        className="input row-title"
        aria-label="Title"
        placeholder="Untitled"
        defaultValue={document.title}
        maxLength={LIMITS.titleLength}
        aria-invalid={error ? true : undefined}
        {...(error && { "aria-describedby": errorId })}
        onKeyDown={event => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === "Enter") void keep();
          if (event.key === "Escape") done();
        }}
        onBlur={() => void keep()}
      />
      <span className="field-error" id={errorId} role="alert">
        {error}
      </span>
    </span>
  );
}
