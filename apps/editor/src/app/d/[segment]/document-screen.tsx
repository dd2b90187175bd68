"use client";

import {
  DocumentEditor,
  type EditorHandle,
  PresenceAvatars,
  SaveState,
  useOpenDocument,
  useSaveState,
  useStanding,
  useTitle,
} from "@octavo/react";
import { can } from "@octavo/schema";
import type { DocumentView } from "@octavo/schema/http";
import { ArrowLeft } from "lucide-react";
import { useEffect, useRef } from "react";
import { signInPath } from "../../../lib/next-path.ts";
import { AccountMenu } from "../../../ui/account-menu.tsx";
import type { Theme } from "../../../ui/theme.ts";
import { ShareDialog } from "./share-dialog.tsx";
import { TitleField } from "./title-field.tsx";

interface DocumentScreenProps {
  view: DocumentView;
  email: string | null;
  theme: Theme;
}

/** One document: the header and the sheet. The text is the server's until the editor takes it over in place. */
export function DocumentScreen({ view, email, theme }: DocumentScreenProps) {
  const { document: record, user, guest } = view;
  const opened = useOpenDocument({ documentId: record.id, title: record.title });
  const liveTitle = useTitle(opened);
  const title = opened ? liveTitle : record.title;
  const role = useStanding(opened).role ?? record.role;
  const isEverythingStored = !isUnstored(useSaveState(opened));
  const editor = useRef<EditorHandle>(null);

  useEffect(() => {
    document.title = `${isEverythingStored ? "" : "● "}${title || "Untitled"} — Octavo`;
  }, [title, isEverythingStored]);

  return (
    <div className="screen">
      {/* biome-ignore lint/a11y/useValidAnchor: a link that works without a script, and leads on into the text with one */}
      <a
        className="skip-link"
        href="#document"
        onClick={event => {
          if (!editor.current) return;
          event.preventDefault();
          editor.current.focus();
        }}
      >
        Skip to document
      </a>
      <header className="bar screen-bar">
        <a className="icon-button" href="/" aria-label="All documents" title="All documents">
          <ArrowLeft size={20} strokeWidth={1.5} aria-hidden="true" />
        </a>
        <TitleField
          id={record.id}
          title={title}
          writable={can(role, "write")}
          leave={() => editor.current?.focus()}
        />
        <SaveState document={opened} />
        <div className="screen-people">
          <PresenceAvatars document={opened} />
          {can(role, "share") && <ShareDialog id={record.id} title={title} />}
          <AccountMenu user={{ ...user, email }} theme={theme} guest={guest} />
        </div>
      </header>
      <main id="document" tabIndex={-1}>
        <h1 className="visually-hidden">{title || "Untitled"}</h1>
        <DocumentEditor
          document={opened}
          mode={can(role, "write") ? "editing" : "viewing"}
          title={title || "Untitled"}
          initialHtml={view.html}
          onReady={handle => {
            editor.current = handle;
            // Nothing to read in an empty document, so writing can begin at once.
            if (handle.getText().trim() === "" && document.activeElement === document.body) handle.focus();
          }}
          onSignIn={() => location.assign(signInPath(location.pathname))}
        />
      </main>
    </div>
  );
}

/** Whether something written here is known not to be on the server's disk. */
function isUnstored(state: ReturnType<typeof useSaveState>): boolean {
  switch (state.kind) {
    case "saving":
      return true;
    case "reconnecting":
    case "offline-not-kept":
      return state.unsentEdits > 0;
    case "cannot-save":
      return state.hasUnsaved;
    case "opening":
    case "saved":
    case "writing":
    case "view-only":
      return false;
  }
}
