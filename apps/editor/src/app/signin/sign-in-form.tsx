"use client";

import { api } from "../../lib/api.ts";
import { Field, FormMessage, useForm } from "../../ui/form.tsx";

export function SignInForm({ next }: { next: string }) {
  const { busy, fields, message, formProps } = useForm(async ({ email = "", password = "" }) => {
    await api.signIn({ email, password });
    location.assign(next);
  });
  return (
    <form {...formProps} className="form">
      <FormMessage text={message} />
      <Field required name="email" label="E-mail" type="email" autoComplete="username" error={fields.email} />
      <Field
        required
        name="password"
        label="Password"
        type="password"
        autoComplete="current-password"
        error={fields.password}
      />
      <button type="submit" className="button filled" disabled={busy}>
        Sign in
      </button>
    </form>
  );
}
