"use client";

import { LIMITS } from "@octavo/schema";
import type { ApiKeyCreated, ApiKeyList } from "@octavo/schema/http";
import { useEffect, useId, useRef, useState } from "react";
import { api, explain } from "../../lib/api.ts";
import { CopyLine, RevokeButton } from "../../ui/copy-line.tsx";
import { focusRow } from "../../ui/focus-row.ts";
import { Field, FormMessage, useForm } from "../../ui/form.tsx";
import { useNotice } from "../../ui/notice.tsx";
import { When } from "../../ui/when.tsx";

type ApiKey = ApiKeyList["items"][number];

/** The keys that programs use in this account's name, newest first: make one, see it once, take it back. */
export function ApiKeys({ first, now }: { first: ApiKey[]; now: number }) {
  const notice = useNotice();
  const [keys, setKeys] = useState(first);
  const [fresh, setFresh] = useState<ApiKeyCreated>();
  const list = useRef<HTMLUListElement>(null);
  const { busy, fields, message, formProps } = useForm(async ({ name = "" }) => {
    const made = await api.createApiKey(name);
    setKeys(all => [{ id: made.id, name: made.name, createdAt: new Date().toISOString() }, ...all]);
    setFresh(made);
    formProps.ref.current?.reset();
  });

  const put = () => {
    setFresh(undefined);
    formProps.ref.current?.querySelector("input")?.focus();
  };

  const revoke = async (key: ApiKey) => {
    try {
      await api.revokeApiKey(key.id);
      setKeys(all => all.filter(({ id }) => id !== key.id));
      setFresh(shown => (shown?.id === key.id ? undefined : shown));
      focusRow(list.current, keys.indexOf(key));
      notice({ text: "Key revoked. It opens nothing now." });
    } catch (error) {
      notice({ text: explain(error).message, failed: true });
    }
  };

  return (
    <>
      <form {...formProps} className="form form-line">
        <FormMessage text={message} />
        <Field
          name="name"
          label="Name of the new key"
          hint="What will use it, so that you know it again."
          required
          maxLength={LIMITS.nameLength}
          autoComplete="off"
          error={fields.name}
        />
        <button type="submit" className="button filled" disabled={busy}>
          Make a key
        </button>
      </form>
      {fresh && <FreshKey key={fresh.id} made={fresh} put={put} />}
      {keys.length === 0 && <p className="empty">You have no API keys.</p>}
      <ul className="rows key-rows" ref={list}>
        {keys.map(key => (
          <li className="row key-row" key={key.id}>
            <span className="row-title row-title-plain">{key.name}</span>
            <p className="row-meta">
              <span>
                Made <When time={key.createdAt} now={now} />
              </span>
            </p>
            <RevokeButton
              label={`Key “${key.name}”`}
              loss="Programs that use it are refused at once. The key cannot be brought back; you can make another at any time."
              revoke={() => void revoke(key)}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

/** A key just made. The focus comes here, so that nobody goes on without having heard that it is shown once. */
function FreshKey({ made, put }: { made: ApiKeyCreated; put: () => void }) {
  const note = useId();
  const line = useRef<HTMLInputElement>(null);
  useEffect(() => line.current?.focus(), []);
  return (
    <div className="fresh-key">
      <p id={note}>
        <strong>Copy this key now: it will not be shown again.</strong> The server keeps only what it needs to
        recognise it.
      </p>
      <CopyLine value={made.key} label={`Key “${made.name}”`} what="key" describedBy={note} ref={line}>
        <button type="button" className="button small" onClick={put}>
          Done
        </button>
      </CopyLine>
    </div>
  );
}
