"use client";

import type { InvitationRecord } from "@octavo/schema/http";
import { useRef, useState } from "react";
import { api, explain } from "../../lib/api.ts";
import { CopyLine, RevokeButton } from "../../ui/copy-line.tsx";
import { focusRow } from "../../ui/focus-row.ts";
import { Field, FormMessage, useForm } from "../../ui/form.tsx";
import { useNotice } from "../../ui/notice.tsx";
import { When } from "../../ui/when.tsx";

/** Open invitations: make one, copy its link, take it back. */
export function Invitations({ first, now }: { first: InvitationRecord[]; now: number }) {
  const notice = useNotice();
  const [invitations, setInvitations] = useState(first);
  const list = useRef<HTMLUListElement>(null);
  const { busy, fields, message, formProps } = useForm(async ({ email = "" }) => {
    const made = await api.createInvitation(email === "" ? {} : { email });
    setInvitations(all => [made, ...all]);
    notice({ text: "Invitation made. Copy its link and send it." });
    formProps.ref.current?.reset();
  });

  const revoke = async (invitation: InvitationRecord) => {
    try {
      await api.revokeInvitation(invitation.id);
      setInvitations(all => all.filter(({ id }) => id !== invitation.id));
      focusRow(list.current, invitations.indexOf(invitation));
      notice({ text: "Invitation revoked. Its link opens nothing now." });
    } catch (error) {
      notice({ text: explain(error).message, failed: true });
    }
  };

  return (
    <>
      <form {...formProps} className="form form-line">
        <FormMessage text={message} />
        <Field
          name="email"
          label="E-mail, if only this person may use it"
          type="email"
          autoComplete="off"
          error={fields.email}
        />
        <button type="submit" className="button filled" disabled={busy}>
          Make an invitation
        </button>
      </form>
      <h2>Open invitations</h2>
      {invitations.length === 0 && <p className="empty">Nobody is invited at the moment.</p>}
      <ul className="rows" ref={list}>
        {invitations.map(invitation => {
          const label = `Invitation for ${invitation.email ?? "anybody"}`;
          return (
            <li className="row" key={invitation.id}>
              <span className="row-title row-title-plain">{invitation.email ?? "Anybody with the link"}</span>
              <p className="row-meta">
                <span>
                  Made <When time={invitation.createdAt} now={now} />
                </span>
              </p>
              <CopyLine value={invitation.url} label={label} what="link">
                <RevokeButton
                  label={label}
                  loss="Its link opens nothing any more. You can make another invitation at any time."
                  revoke={() => void revoke(invitation)}
                />
              </CopyLine>
            </li>
          );
        })}
      </ul>
    </>
  );
}
