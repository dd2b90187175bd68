"use client";

import { documentPath, LIMITS } from "@octavo/schema";
import { api } from "../../lib/api.ts";
import { WELCOME } from "../../lib/welcome.ts";
import { Field, FormMessage, useForm } from "../../ui/form.tsx";

/** Creates the first administrator, signs in, and opens the welcome document. */
export function SetUpForm({ token }: { token: string }) {
  const { busy, fields, message, formProps } = useForm(async ({ name = "", email = "", password = "" }) => {
    await api.setUp({ token, name, email, password });
    location.assign(await welcome());
  });
  return (
    <form {...formProps} className="form">
      <FormMessage text={message} />
      <Field
        required
        name="name"
        label="Your name"
        hint="Others see it beside your caret."
        autoComplete="name"
        error={fields.name}
      />
      <Field required name="email" label="E-mail" type="email" autoComplete="username" error={fields.email} />
      <Field
        required
        name="password"
        label="Password"
        type="password"
        autoComplete="new-password"
        hint={`At least ${LIMITS.passwordMinLength} characters.`}
        error={fields.password}
      />
      <button type="submit" className="button filled" disabled={busy}>
        Create the account
      </button>
    </form>
  );
}

/** The account exists by now, whatever happens to the welcome document; the list is a good place too. */
async function welcome(): Promise<string> {
  return api.createDocument(WELCOME).then(documentPath, () => "/");
}
