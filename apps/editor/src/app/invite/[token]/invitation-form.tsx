"use client";

import { api } from "../../../lib/api.ts";
import { AccountForm } from "../../../ui/account-form.tsx";

/** Opens an account with an invitation and goes to the list of documents. */
export function InvitationForm({ token }: { token: string }) {
  return (
    <AccountForm
      create={async account => {
        await api.acceptInvitation({ token, ...account });
        location.assign("/");
      }}
    />
  );
}
