"use client";

import { can } from "@octavo/schema";
import type { DocumentView } from "@octavo/schema/http";
import { ArrowLeft } from "lucide-react";
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
  const { document, user, guest } = view;
  return (
    <div className="screen">
      <a className="skip-link" href="#document">
        Skip to document
      </a>
      <header className="bar screen-bar">
        <a className="icon-button" href="/" aria-label="All documents">
          <ArrowLeft size={20} strokeWidth={1.5} aria-hidden="true" />
        </a>
        <TitleField
          document={document}
          title={document.title}
          writable={can(document.role, "write")}
          renamed={() => {}}
          leave={() => {}}
        />
        {can(document.role, "share") && <ShareDialog document={document} />}
        <AccountMenu user={{ ...user, email }} theme={theme} guest={guest} />
      </header>
      <main id="document" tabIndex={-1}>
        <h1 className="visually-hidden">{document.title || "Untitled"}</h1>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: rendered by the server from the document's schema, which knows no script */}
        <div className="octavo-body" dangerouslySetInnerHTML={{ __html: view.html }} />
      </main>
    </div>
  );
}
