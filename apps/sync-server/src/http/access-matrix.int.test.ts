import { newId } from "@octavo/schema";
import { API_PATH } from "@octavo/schema/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, type Browser, signInAdministrator, signInMember, startApi } from "../../test/api.ts";
import type { Need, Route } from "./route.ts";
import { ROUTES } from "./router.ts";

/** Everybody who may come to a route. Owner and administrator are two people: running the server opens no document. */
const ASKERS = [
  "nobody",
  "guest without link",
  "other account",
  "administrator",
  "viewer by link",
  "commenter by link",
  "editor by link",
  "viewer token",
  "owner",
] as const;
type Asker = (typeof ASKERS)[number];

/** Who gets past a need; everybody else must be told nothing. */
const ADMITTED: Record<Need, readonly Asker[]> = {
  nothing: ASKERS,
  account: ["other account", "administrator", "owner"],
  administrator: ["administrator"],
  "document:read": ["viewer by link", "commenter by link", "editor by link", "viewer token", "owner"],
  "document:comment": ["commenter by link", "editor by link", "owner"],
  "document:write": ["editor by link", "owner"],
  "document:share": ["owner"],
  "document:trash": ["owner"],
  "document:delete": ["owner"],
};

const SECRET_TITLE = "The matrix title";
const SECRET_TEXT = "the matrix text";

let api: Api;
let documentId: string;
const browsers = new Map<Asker, Browser>();
let token: string;

beforeAll(async () => {
  api = await startApi();
  browsers.set("administrator", await signInAdministrator(api));
  const owner = await signInMember(api, "Olga");
  browsers.set("owner", owner);
  browsers.set("other account", await signInMember(api, "Otto"));
  browsers.set("nobody", api.browser());
  const created = await owner.post("/api/v1/documents", {
    title: SECRET_TITLE,
    content: { format: "markdown", body: SECRET_TEXT },
  });
  ({ id: documentId } = (await created.json()) as { id: string });
  for (const role of ["viewer", "commenter", "editor"] as const) {
    const link = (await (await owner.post(`/api/v1/documents/${documentId}/links`, { role })).json()) as {
      url: string;
    };
    const browser = api.browser();
    await browser.get(new URL(link.url).pathname);
    browsers.set(`${role} by link`, browser);
  }
  const elsewhere = (await (await owner.post("/api/v1/documents", {})).json()) as { id: string };
  const link = (await (
    await owner.post(`/api/v1/documents/${elsewhere.id}/links`, { role: "editor" })
  ).json()) as { url: string };
  const guest = api.browser();
  await guest.get(new URL(link.url).pathname);
  browsers.set("guest without link", guest);
  const issued = await owner.post(`/api/v1/documents/${documentId}/access-tokens`, { role: "viewer" });
  ({ token } = (await issued.json()) as { token: string });
  browsers.set("viewer token", api.browser());
}, 30_000);
afterAll(() => api.close());

const ask = (asker: Asker, route: Route, id: string) => {
  const path = API_PATH + route.path.replace(":id", id).replace(":linkId", NO_LINK);
  const headers: Record<string, string> =
    asker === "viewer token" ? { authorization: `Bearer ${token}` } : {};
  const body = route.method === "PATCH" ? { title: SECRET_TITLE } : undefined;
  return (browsers.get(asker) as Browser).send(route.method, path, body, headers);
};
/** One for all questions: it must not be what two answers differ by. */
const NO_LINK = newId();
const codeOf = (text: string) => (JSON.parse(text) as { code: string }).code;

/** Routes that end what the matrix stands on; their refusals are looked at, not their success. */
const ENDS = (route: Route) => route.method === "DELETE" || route.path.endsWith("/trash");

describe.each(ROUTES.map(route => [`${route.method} ${route.path}`, route] as const))(
  "%s",
  (_name, route) => {
    test.each(ASKERS)("%s", async asker => {
      const admitted = ADMITTED[route.needs].includes(asker);
      if (admitted && ENDS(route)) return;
      const id = route.needs.startsWith("document:") ? documentId : newId();
      const response = await ask(asker, route, id);
      const text = await response.text();
      if (admitted) {
        expect([401, 403]).not.toContain(response.status);
        if (route.needs.startsWith("document:")) expect(response.status).not.toBe(404);
        return;
      }
      expect(text).not.toContain(SECRET_TITLE);
      expect(text).not.toContain(SECRET_TEXT);
      if (!route.needs.startsWith("document:")) {
        expect(["NOT_SIGNED_IN", "FORBIDDEN"]).toContain(codeOf(text));
        return;
      }
      if (ADMITTED["document:read"].includes(asker)) {
        expect(codeOf(text)).toBe("FORBIDDEN");
        return;
      }
      // Whoever may not even read gets the very bytes that an id without a document gets.
      const unknownId = newId();
      const unknown = await ask(asker, route, unknownId);
      expect(response.status).toBe(404);
      expect(text.replaceAll(documentId, "ID")).toBe((await unknown.text()).replaceAll(unknownId, "ID"));
      expect(headersOf(response)).toEqual(headersOf(unknown));
    });
  },
);

test("a document in the trash is gone for everybody but its owner", async () => {
  await browsers.get("owner")?.post(`/api/v1/documents/${documentId}/trash`);
  const get = ROUTES.find(route => route.method === "GET" && route.path === "/documents/:id") as Route;
  for (const asker of ASKERS) {
    expect([asker, (await ask(asker, get, documentId)).status]).toEqual([
      asker,
      asker === "owner" ? 200 : 404,
    ]);
  }
  await browsers.get("owner")?.post(`/api/v1/documents/${documentId}/restore`);
  expect((await ask("viewer by link", get, documentId)).status).toBe(200);
});

function headersOf(response: Response) {
  return [...response.headers].filter(([name]) => name !== "x-request-id");
}
