/** The API through the real port: what in-process requests to the router do not show. */
import { request as httpRequest } from "node:http";
import { type Person, type ServerProcess, setUp, startServerProcess } from "@octavo/test-kit/test-server";
import { afterAll, beforeAll, expect, test } from "vitest";

let server: ServerProcess;
let person: Person;

beforeAll(async () => {
  server = await startServerProcess();
  person = await setUp(server);
});

afterAll(() => server[Symbol.asyncDispose]());

test("a DELETE without a body takes a link back", async () => {
  const { id } = await person.createDocument("Minutes");
  const link = await person.createLink(id, "editor");
  const response = await person.fetch("DELETE", `/api/v1/documents/${id}/links/${link.id}`);
  expect(response.status).toBe(204);
  expect((await fetch(link.url, { redirect: "manual" })).status).not.toBe(303);
});

test("a chunked body is read up to its limit", async () => {
  const small = JSON.stringify({ title: "Chunked" });
  expect(await postInChunks([small.slice(0, 5), small.slice(5)])).toBe(201);
  const huge = "x".repeat(1024 * 1024);
  expect(await postInChunks(['{"title":"', ...Array.from({ length: 30 }, () => huge), '"}'])).toBe(413);
});

/** Status of a POST whose length is not known before its end. */
function postInChunks(chunks: string[]): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const outgoing = httpRequest(
    `${server.url}/api/v1/documents`,
    {
      method: "POST",
      headers: {
        origin: server.url,
        cookie: person.cookie,
        "content-type": "application/json",
        "transfer-encoding": "chunked",
      },
    },
    response => {
      response.resume();
      resolve(response.statusCode);
    },
  );
  outgoing.on("error", reject);
  for (const chunk of chunks) outgoing.write(chunk);
  outgoing.end();
  return promise;
}
