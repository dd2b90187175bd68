import { getMe } from "../lib/server-api.ts";
import { PlainPage } from "../ui/sheet.tsx";
import { SignInHere } from "../ui/sign-in-here.tsx";

/** One page for "there is none" and "not for you", so that it tells nobody which documents exist. */
export default async function NotFoundPage() {
  const { user } = await getMe();
  const account = user && !user.guest ? user : undefined;
  return (
    <PlainPage>
      <title>Not found — Octavo</title>
      <h1>There is nothing here for you</h1>
      <p className="lead">
        Either this page does not exist, or it is not shared with you. If somebody sent you here, ask them for
        access or for a new link.
      </p>
      {account ? (
        <p className="aside">
          You are signed in as <strong>{account.name}</strong>
          {account.email && ` (${account.email})`}. <SignInHere>Use another account</SignInHere>
        </p>
      ) : (
        <p className="aside">
          You are not signed in. <SignInHere>Sign in</SignInHere>
        </p>
      )}
      <p>
        <a className="button" href="/">
          Go to your documents
        </a>
      </p>
    </PlainPage>
  );
}
