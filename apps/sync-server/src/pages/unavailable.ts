import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "@octavo/schema";
import { problemOf } from "@octavo/schema/http";

const RETRY_SECONDS = 2;

/** Answers 503 while the pages start: a page that asks again by itself for browsers, a problem for programs. */
export function answerUnavailable(request: IncomingMessage, response: ServerResponse, path: string): void {
  const error = new AppError("PAGES_UNAVAILABLE");
  const isForReader = request.headers.accept?.includes("text/html") === true;
  const body = isForReader ? PAGE : JSON.stringify(problemOf(error, path));
  response.writeHead(503, {
    "content-type": isForReader ? "text/html; charset=utf-8" : "application/problem+json",
    "content-length": Buffer.byteLength(body),
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "retry-after": String(RETRY_SECONDS),
    // What the client still sends is not read.
    connection: "close",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${RETRY_SECONDS}">
<title>Octavo is starting</title>
<style>
:root { color-scheme: light dark; font: 1.0625rem/1.6 ui-serif, Georgia, serif; }
body { display: grid; min-height: 90vh; place-items: center; margin: 0 1.5rem; }
main { max-width: 30rem; }
h1 { font-size: 1.5rem; font-weight: 500; margin: 0 0 .5rem; }
p { margin: 0; opacity: .75; }
</style>
</head>
<body>
<main>
<h1>Octavo is starting</h1>
<p role="status">The pages will be here in a moment. This page reloads by itself.</p>
</main>
</body>
</html>
`;
