"use client";

import { documentPath, LIMITS } from "@octavo/schema";
import { useRef, useState } from "react";
import { api, explain } from "../lib/api.ts";
import { useNotice } from "../ui/notice.tsx";

const FORMATS = { md: "markdown", markdown: "markdown", txt: "markdown", html: "html", htm: "html" } as const;

/** Makes a document from a Markdown or HTML file and opens it. */
export function ImportButton() {
  const notice = useNotice();
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);

  const take = async (file: File) => {
    const [, name = file.name, ending = ""] = /^(.*)\.([^.]*)$/.exec(file.name) ?? [];
    const format = FORMATS[ending.toLowerCase() as keyof typeof FORMATS];
    if (!format) return notice({ text: `“${file.name}” is neither Markdown nor HTML.`, failed: true });
    setBusy(true);
    notice({ text: `Importing “${file.name}”…` });
    try {
      const body = await file.text();
      const title = name.slice(0, LIMITS.titleLength);
      location.assign(documentPath(await api.createDocument({ title, content: { format, body } })));
    } catch (error) {
      notice({ text: `“${file.name}” was not imported. ${explain(error).message}`, failed: true });
      setBusy(false);
    }
  };

  return (
    <>
      <button type="button" className="button" disabled={busy} onClick={() => input.current?.click()}>
        Import
      </button>
      <input
        ref={input}
        type="file"
        hidden
        accept=".md,.markdown,.txt,.html,.htm,text/markdown,text/html"
        onChange={event => {
          const file = event.currentTarget.files?.[0];
          // The same file chosen again is a change again.
          event.currentTarget.value = "";
          if (file) void take(file);
        }}
      />
    </>
  );
}
