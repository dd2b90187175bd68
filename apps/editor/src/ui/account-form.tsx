"use client";

import { LIMITS } from "@octavo/schema";
import { Field, FormMessage, useForm } from "./form.tsx";

/** What a new account is made of. */
export interface NewAccount {
  name: string;
  email: string;
  password: string;
}

/** Name, e-mail and password of a new account; `create` makes it and goes where it leads. */
export function AccountForm({ create }: { create: (account: NewAccount) => Promise<void> }) {
  const { busy, fields, message, formProps } = useForm(({ name = "", email = "", password = "" }) =>
    create({ name, email, password }),
  );
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
