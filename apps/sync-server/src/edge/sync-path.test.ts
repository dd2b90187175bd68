import { newId } from "@octavo/schema";
import { syncPath, YJS_PATH } from "@octavo/schema/protocol";
import { expect, test } from "vitest";
import { readSyncPath, readYjsPath } from "./sync-path.ts";

const id = newId();

test("U1 reads what the client writes", () => {
  expect(readSyncPath(syncPath(id, { schema: 3, epoch: 0 }))).toEqual({
    documentId: id,
    handshake: { schema: 3, epoch: 0 },
  });
  expect(readSyncPath(`/sync/v1/${id}`)).toEqual({ documentId: id, handshake: {} });
});

test.each([
  undefined,
  "",
  "/",
  "/sync/v1/",
  "/sync/v1",
  "/sync/v2/abc",
  "/sync/v1/..",
  "/sync/v1/../../etc/passwd",
  `/sync/v1/${id}/`,
  `/sync/v1/${id}/threads`,
  `/sync/v1/${id}%00`,
  `/sync/v1/${id}\0`,
  "/sync/v1/%2e%2e%2f",
  "/sync/v1/%",
  "/sync/v1/%E0%A4%A",
  `/sync/v1/${encodeURIComponent(`${id}\0session`)}`,
  `/sync/v1/${"a".repeat(10_000)}`,
  `/sync/v1/${id}?${"a".repeat(10_000)}`,
  `//sync/v1/${id}`,
  `http://elsewhere/sync/v1/${id}`,
  "/sync/v1/０００００００００００００００００００００００",
])("U1 %s names no document", url => {
  expect(readSyncPath(url)).toBeUndefined();
});

test("E4 a handshake that is not a number counts as none", () => {
  for (const query of ["schema=x", "schema=-1", "schema=1e3", "schema=", "schema=99999999999", "?schema=1"]) {
    expect(readSyncPath(`/sync/v1/${id}?${query}`)?.handshake).toEqual({});
  }
});

test("Y2 the address of a y-websocket client may carry its token", () => {
  const token = `${"a".repeat(3_000)}.b_-.c`;
  expect(readYjsPath(`${YJS_PATH}${id}?schema=3&token=${token}`)).toEqual({
    documentId: id,
    handshake: { schema: 3 },
    token,
  });
  expect(readYjsPath(`${YJS_PATH}${id}`)).toEqual({ documentId: id, handshake: {}, token: "" });
  for (const url of [undefined, YJS_PATH, `${YJS_PATH}x`, `/sync/v1/${id}`, `${YJS_PATH}${id}/`])
    expect(readYjsPath(url)).toBeUndefined();
  expect(readYjsPath(`${YJS_PATH}${id}?token=${"a".repeat(5_000)}`)).toBeUndefined();
});
