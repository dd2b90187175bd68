"use client";

import { type ComponentProps, type FormEvent, useEffect, useId, useRef, useState } from "react";
import { explain } from "../lib/api.ts";

/**
 * Submits a form by script and keeps what was typed when it fails: field messages go beside their fields, the
 * first wrong field gets the focus, everything else becomes one message for the whole form.
 */
export function useForm(submit: (values: Record<string, string>) => Promise<void>) {
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [fields, setFields] = useState<Record<string, string>>({});
  const [message, setMessage] = useState("");

  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when new field messages have been rendered
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [fields]);

  const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const wrong = wrongFields(event.currentTarget);
    setMessage("");
    setFields(wrong);
    if (Object.keys(wrong).length > 0) return;
    const values: Record<string, string> = {};
    for (const [name, value] of new FormData(event.currentTarget)) values[name] = String(value);
    setBusy(true);
    try {
      await submit(values);
    } catch (error) {
      const explained = explain(error);
      setFields(explained.fields);
      if (Object.keys(explained.fields).length === 0) setMessage(explained.message);
    } finally {
      setBusy(false);
    }
  };
  // POST, so that a form sent before its script is there never writes a password into the address.
  return {
    busy,
    fields,
    message,
    formProps: { ref: form, onSubmit, method: "post" as const, noValidate: true },
  };
}

/** What the browser itself sees wrong; the server says the rest. */
function wrongFields(form: HTMLFormElement): Record<string, string> {
  const wrong: Record<string, string> = {};
  for (const input of form.querySelectorAll("input")) {
    if (input.validity.valueMissing) wrong[input.name] = "Please fill this in.";
    else if (input.validity.typeMismatch) wrong[input.name] = "This is not an e-mail address.";
  }
  return wrong;
}

interface FieldProps extends ComponentProps<"input"> {
  name: string;
  label: string;
  hint?: string;
  error?: string | undefined;
}

/** A labelled input with its hint and error tied to it. */
export function Field({ label, hint, error, ...input }: FieldProps) {
  const id = useId();
  // An error takes the hint's place: it says the same and what is wrong.
  const note = error ?? hint;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        className="input"
        id={id}
        aria-invalid={error ? true : undefined}
        {...(note && { "aria-describedby": `${id}-note` })}
      />
      {note && (
        <p className={error ? "field-error" : "field-hint"} id={`${id}-note`}>
          {note}
        </p>
      )}
    </div>
  );
}

/** The message that concerns a whole form. The element is always there, so that its change is announced. */
export function FormMessage({ text }: { text: string }) {
  return (
    <div role="alert" className="form-message-region">
      {text && <p className="form-message">{text}</p>}
    </div>
  );
}
