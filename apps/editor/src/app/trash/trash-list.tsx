"use client";

import type { DocumentList, DocumentRecord } from "@octavo/schema/http";
import { useRef, useState } from "react";
import { api, explain } from "../../lib/api.ts";
import { titleText } from "../../lib/title-text.ts";
import { ConfirmDialog } from "../../ui/dialog.tsx";
import { focusRow } from "../../ui/focus-row.ts";
import { useNotice } from "../../ui/notice.tsx";
import { When } from "../../ui/when.tsx";

/** What was thrown away: back, or gone for ever. */
export function TrashList({ first, now }: { first: DocumentList; now: number }) {
  const notice = useNotice();
  const [documents, setDocuments] = useState(first.items);
  const list = useRef<HTMLOListElement>(null);
  const remove = (document: DocumentRecord) => {
    setDocuments(all => all.filter(({ id }) => id !== document.id));
    focusRow(list.current, documents.indexOf(document));
  };

  const restore = async (document: DocumentRecord) => {
    try {
      await api.restoreDocument(document.id);
      remove(document);
      notice({ text: `${titleText(document.title)} is back among your documents.` });
    } catch (error) {
      notice({ text: explain(error).message, failed: true });
    }
  };
  const destroy = async (document: DocumentRecord) => {
    try {
      await api.deleteDocument(document.id);
      remove(document);
      notice({ text: `${titleText(document.title)} is deleted for ever.` });
    } catch (error) {
      notice({ text: explain(error).message, failed: true });
    }
  };

  if (documents.length === 0) return <p className="empty">Trash is empty.</p>;
  return (
    <>
      <ol className="rows" ref={list}>
        {documents.map(document => {
          const title = document.title || "Untitled";
          return (
            <li className="row" key={document.id}>
              <span className="row-title">{title}</span>
              <p className="row-snippet">{document.snippet}</p>
              <p className="row-meta">
                <span>
                  Thrown away <When time={document.trashedAt ?? document.updatedAt} now={now} />
                </span>
              </p>
              <div className="row-actions">
                <button
                  type="button"
                  className="button small"
                  aria-label={`Restore: ${title}`}
                  onClick={() => void restore(document)}
                >
                  Restore
                </button>
                <ConfirmDialog
                  title={`Delete ${titleText(title)} for ever?`}
                  text="Nobody will be able to open it again, and it cannot be brought back."
                  action="Delete for ever"
                  confirmed={() => void destroy(document)}
                >
                  <button
                    type="button"
                    className="button small danger"
                    aria-label={`Delete for ever: ${title}`}
                  >
                    Delete for ever
                  </button>
                </ConfirmDialog>
              </div>
            </li>
          );
        })}
      </ol>
      {first.nextCursor !== null && (
        <a className="button more" href={`/trash?cursor=${encodeURIComponent(first.nextCursor)}`}>
          Older
        </a>
      )}
    </>
  );
}
