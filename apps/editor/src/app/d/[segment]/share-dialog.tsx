"use client";

import type { LinkRecord } from "@octavo/schema/http";
import { useEffect, useState } from "react";
import { api, explain, type LinkRole } from "../../../lib/api.ts";
import { titleText } from "../../../lib/title-text.ts";
import { CopyLine, RevokeButton } from "../../../ui/copy-line.tsx";
import { SheetDialog } from "../../../ui/dialog.tsx";
import { useNotice } from "../../../ui/notice.tsx";

const ROLE_NAMES: Record<LinkRole, { name: string; may: string }> = {
  viewer: { name: "Viewer", may: "can read" },
  commenter: { name: "Commenter", may: "can read; comments are yet to come" },
  editor: { name: "Editor", may: "can read and write" },
};
const ROLES: readonly LinkRole[] = ["viewer", "commenter", "editor"];

/** The Share button and its dialog: links that open the document without an account. */
export function ShareDialog({ id, title }: { id: string; title: string }) {
  return (
    <SheetDialog
      title={`Share ${titleText(title)}`}
      text="Anybody who has a link can open the document, with or without an account."
      trigger={
        <button type="button" className="button filled">
          Share
        </button>
      }
    >
      <Links documentId={id} />
    </SheetDialog>
  );
}

/** Exists while the dialog is open, so that it always shows what the server knows now. */
function Links({ documentId }: { documentId: string }) {
  const notice = useNotice();
  const [links, setLinks] = useState<LinkRecord[]>();
  const [failure, setFailure] = useState("");
  const [role, setRole] = useState<LinkRole>("viewer");
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    let gone = false;
    api.listLinks(documentId).then(
      ({ items }) => gone || setLinks(items),
      (error: unknown) => gone || setFailure(explain(error).message),
    );
    return () => {
      gone = true;
    };
  }, [documentId]);

  const create = async () => {
    setBusy(true);
    try {
      const made = await api.createLink(documentId, role);
      setLinks(all => [made, ...(all ?? [])]);
      notice({ text: `Link made. Whoever has it ${ROLE_NAMES[role].may}.` });
    } catch (error) {
      notice({ text: explain(error).message, failed: true });
    }
    setBusy(false);
  };

  const revoke = async (link: LinkRecord) => {
    try {
      await api.revokeLink(documentId, link.id);
      setLinks(all => all?.filter(({ id }) => id !== link.id));
      notice({ text: "Link revoked. Whoever came by it has lost access." });
    } catch (error) {
      notice({ text: explain(error).message, failed: true });
    }
  };

  return (
    <>
      <fieldset className="choice">
        <legend>Whoever has the new link</legend>
        {ROLES.map(name => (
          <label key={name} className="choice-line">
            <input
              type="radio"
              name="role"
              value={name}
              checked={role === name}
              onChange={() => setRole(name)}
            />
            <span>
              <strong>{ROLE_NAMES[name].name}</strong> {ROLE_NAMES[name].may}
            </span>
          </label>
        ))}
      </fieldset>
      <button type="button" className="button filled" disabled={busy} onClick={() => void create()}>
        Create link
      </button>
      <h3 className="dialog-heading">Links</h3>
      {failure && (
        <p role="alert" className="form-message">
          {failure}
        </p>
      )}
      {links?.length === 0 && <p className="empty">There is no link yet.</p>}
      <ul className="links">
        {links?.map(link => (
          <li key={link.id}>
            <p>
              <strong>{ROLE_NAMES[link.role].name}</strong> {ROLE_NAMES[link.role].may}
            </p>
            <CopyLine value={link.url} label={`${ROLE_NAMES[link.role].name} link`} what="link">
              <RevokeButton
                label={`${ROLE_NAMES[link.role].name} link`}
                loss="Whoever came by this link loses access at once, in open windows too. The link cannot be brought back."
                revoke={() => void revoke(link)}
              />
            </CopyLine>
          </li>
        ))}
      </ul>
    </>
  );
}
