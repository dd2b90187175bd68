"use client";

import { documentPath } from "@octavo/schema";
import { api } from "../../lib/api.ts";
import { WELCOME } from "../../lib/welcome.ts";
import { AccountForm } from "../../ui/account-form.tsx";

/** Creates the first administrator, signs in, and opens the welcome document. */
export function SetUpForm({ token }: { token: string }) {
  return (
    <AccountForm
      create={async account => {
        await api.setUp({ token, ...account });
        location.assign(await welcome());
      }}
    />
  );
}

/** The account exists by now, whatever happens to the welcome document; the list is a good place too. */
async function welcome(): Promise<string> {
  return api.createDocument(WELCOME).then(documentPath, () => "/");
}
