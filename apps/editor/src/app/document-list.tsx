"use client";

import { can, documentPath } from "@octavo/schema";
import type { DocumentRecord, DocumentList as Page } from "@octavo/schema/http";
import { Ellipsis } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useRef, useState } from "react";
import { api, explain } from "../lib/api.ts";
import { titleText } from "../lib/title-text.ts";
import { focusRow } from "../ui/focus-row.ts";
import { useNotice } from "../ui/notice.tsx";
import { When } from "../ui/when.tsx";
import { RenameField } from "./rename-field.tsx";

/** The visitor's documents, newest change first, like the contents page of a book. */
export function DocumentList({ first, now }: { first: Page; now: number }) {
  const notice = useNotice();
  const [documents, setDocuments] = useState(first.items);
  const [nextCursor, setNextCursor] = useState(first.nextCursor);
  const [loading, setLoading] = useState(false);
  const list = useRef<HTMLOListElement>(null);

  const put = (record: DocumentRecord) =>
    setDocuments(all => all.map(document => (document.id === record.id ? record : document)));

  const trash = async (document: DocumentRecord) => {
    const at = documents.indexOf(document);
    setDocuments(all => all.filter(({ id }) => id !== document.id));
    focusRow(list.current, at);
    const back = () =>
      setDocuments(all => (all.some(({ id }) => id === document.id) ? all : all.toSpliced(at, 0, document)));
    const undo = async () => {
      try {
        await api.restoreDocument(document.id);
        back();
        notice({ text: `${titleText(document.title)} is back.` });
      } catch (error) {
        notice({ text: explain(error).message, failed: true });
      }
    };
    try {
      await api.trashDocument(document.id);
      notice({
        text: `Moved ${titleText(document.title)} to trash.`,
        action: { label: "Undo", run: () => void undo() },
      });
    } catch (error) {
      back();
      notice({ text: explain(error).message, failed: true });
    }
  };

  const more = async (cursor: string) => {
    setLoading(true);
    try {
      const page = await api.listDocuments({ cursor });
      const known = new Set(documents.map(({ id }) => id));
      const fresh = page.items.filter(({ id }) => !known.has(id));
      setDocuments(all => [...all, ...fresh]);
      setNextCursor(page.nextCursor);
      notice({ text: fresh.length === 1 ? "1 more document." : `${fresh.length} more documents.` });
      // The button may be gone now; go on where the new rows begin.
      requestAnimationFrame(() =>
        list.current?.querySelector<HTMLElement>(`[data-id="${fresh[0]?.id}"] a`)?.focus(),
      );
    } catch (error) {
      notice({ text: explain(error).message, failed: true });
    }
    setLoading(false);
  };

  if (documents.length === 0) {
    return <p className="empty">Nothing here yet. Start writing; it saves as you go.</p>;
  }
  return (
    <>
      <ol className="rows" ref={list}>
        {documents.map(document => (
          <Row
            key={document.id}
            document={document}
            now={now}
            renamed={put}
            trash={() => void trash(document)}
          />
        ))}
      </ol>
      {nextCursor !== null && (
        <a
          className="button more"
          href={`/?cursor=${encodeURIComponent(nextCursor)}`}
          aria-disabled={loading}
          onClick={event => {
            event.preventDefault();
            if (!loading) void more(nextCursor);
          }}
        >
          Show more
        </a>
      )}
    </>
  );
}

interface RowProps {
  document: DocumentRecord;
  now: number;
  renamed: (record: DocumentRecord) => void;
  trash: () => void;
}

function Row({ document, now, renamed, trash }: RowProps) {
  const [renaming, setRenaming] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const title = document.title || "Untitled";
  const done = () => {
    setRenaming(false);
    requestAnimationFrame(() => opener.current?.focus());
  };
  return (
    <li className="row" data-id={document.id}>
      {renaming ? (
        <RenameField document={document} renamed={renamed} done={done} />
      ) : (
        <a className="row-link" href={documentPath(document)} title={title.length > 60 ? title : undefined}>
          <span className="row-title">{title}</span>
        </a>
      )}
      <p className="row-snippet">{document.snippet}</p>
      <p className="row-meta">
        <span className="row-who">{document.role === "owner" ? "You" : document.owner.name}</span>
        <When time={document.updatedAt} now={now} />
      </p>
      {can(document.role, "write") && (
        <DropdownMenu.Root modal={false}>
          <DropdownMenu.Trigger
            ref={opener}
            className="icon-button row-menu"
            aria-label={`Actions for ${title}`}
          >
            <Ellipsis size={20} strokeWidth={1.5} aria-hidden="true" />
          </DropdownMenu.Trigger>
          <DropdownMenu.Content
            className="menu row-actions-menu"
            align="end"
            // The rename field takes the focus itself; giving it back to the button would end the renaming.
            onCloseAutoFocus={event => renaming && event.preventDefault()}
          >
            <DropdownMenu.Item className="menu-item" onSelect={() => setRenaming(true)}>
              Rename
            </DropdownMenu.Item>
            {can(document.role, "trash") && (
              <DropdownMenu.Item className="menu-item" onSelect={trash}>
                Move to trash
              </DropdownMenu.Item>
            )}
          </DropdownMenu.Content>
        </DropdownMenu.Root>
      )}
    </li>
  );
}
