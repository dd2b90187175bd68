import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { getMe } from "../../lib/server-api.ts";
import { PlainPage } from "../../ui/sheet.tsx";
import { SetUpForm } from "./set-up-form.tsx";

export const metadata: Metadata = { title: "Set up", referrer: "no-referrer" };

/** Exists only while there is no account; the token in its address is known to whoever started the server. */
export default async function SetUpPage({ searchParams }: PageProps<"/setup">) {
  if (!(await getMe()).needsSetUp) notFound();
  const { token } = await searchParams;
  return (
    <PlainPage>
      {typeof token === "string" && token !== "" ? (
        <>
          <h1>Set up Octavo</h1>
          <p className="lead">The first account is the administrator’s. It can invite everybody else.</p>
          <SetUpForm token={token} />
        </>
      ) : (
        <>
          <h1>This Octavo is new</h1>
          <p className="lead">
            The first account is made with a one-time link. The server prints it where it was started, as long
            as there is no account.
          </p>
          <p className="lead">
            With Docker, look for it with <code>docker compose logs</code>. The same link is in the file{" "}
            <code>setup-token</code> of the data directory.
          </p>
        </>
      )}
    </PlainPage>
  );
}
