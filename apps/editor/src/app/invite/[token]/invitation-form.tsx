"use client";

import { LIMITS } from "@octavo/schema";
import { api } from "../../../lib/api.ts";
import { Field, FormMessage, useForm } from "../../../ui/form.tsx";

/** Opens an account with an invitation and goes to the list of documents. */
export function InvitationForm({ token }: { token: string }) {
  const { busy, fields, message, formProps } = useForm(async ({ name = "", email = "", password = "" }) => {
    await api.acceptInvitation({ token, name, email, password });
    location.assign("/");
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
