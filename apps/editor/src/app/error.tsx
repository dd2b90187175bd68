"use client";

import { PlainPage } from "../ui/sheet.tsx";

/** A page that could not be made, mostly because the server behind it is starting or stopped. */
export default function ErrorPage() {
  return (
    <PlainPage>
      <title>Can’t show this page — Octavo</title>
      <h1>This page can’t be shown just now</h1>
      <p className="lead">
        The server did not answer. It may be starting again; what was saved is safe. Text that you wrote in
        another window stays there and is sent when the server is back.
      </p>
      <p>
        <button type="button" className="button filled" onClick={() => location.reload()}>
          Try again
        </button>
      </p>
    </PlainPage>
  );
}
