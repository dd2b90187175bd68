import { LIMITS, newId } from "@octavo/schema";
import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import { eventually } from "@octavo/test-kit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { XmlElement, XmlText } from "yjs";
import {
  type Api,
  type Browser,
  ORIGIN,
  PASSWORD,
  paragraph,
  signInAdministrator,
  signInMember,
  startApi,
} from "../../test/api.ts";

let api: Api;
let ada: Browser;
let ben: Browser;

beforeAll(async () => {
  api = await startApi();
  ada = await signInAdministrator(api);
  ben = await signInMember(api, "Ben");
});
afterAll(() => api.close());

const create = async (browser: Browser, body: object = {}) =>
  (await (await browser.post("/api/v1/documents", body)).json()) as {
    id: string;
    title: string;
    url: string;
    snippet: string;
  };
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

describe("documents", () => {
  test("are created with the content that is sent, and read back in each format", async () => {
    const response = await ada.post("/api/v1/documents", {
      content: { format: "markdown", body: "# Plan\nFirst" },
    });
    expect(response.status).toBe(201);
    const document = (await response.json()) as { id: string };
    expect(document).toMatchObject({ title: "Plan", role: "owner", owner: { name: "Ada" }, trashedAt: null });
    expect(response.headers.get("location")).toBe(`/api/v1/documents/${document.id}`);

    const read = async (format: string) =>
      (await ada.get(`/api/v1/documents/${document.id}?format=${format}`)).text();
    expect(await read("text")).toBe("# Plan\nFirst");
    expect(await read("html")).toContain("<p>First</p>");
    expect(JSON.parse(await read("json"))).toEqual(["# Plan", "First"]);
    const yjs = await ada.get(`/api/v1/documents/${document.id}?format=yjs`);
    expect(yjs.headers.get("content-type")).toBe("application/octet-stream");
    const copy = await create(ada, {
      content: { format: "yjs", body: Buffer.from(await yjs.arrayBuffer()).toString("base64") },
    });
    expect(await (await ada.get(`/api/v1/documents/${copy.id}?format=text`)).text()).toBe("# Plan\nFirst");
    expect(await codeOf(await ada.get(`/api/v1/documents/${document.id}?format=docx`))).toBe(
      "UNSUPPORTED_FORMAT",
    );
  });

  test("belong with all their ids to who created them, from the first record", async () => {
    const document = await create(ada);
    await api.store.updates.head(document.id);
    const owners = await api.store.updates.owners(document.id);
    expect([...new Set(owners.values())]).toHaveLength(1);
    expect([...owners.values()][0]).toMatch(/^user:/);
  });

  test("without a name are Untitled; a title given wins over the heading", async () => {
    expect((await create(ada)).title).toBe("Untitled");
    expect(
      (await create(ada, { title: "Given", content: { format: "markdown", body: "# Heading" } })).title,
    ).toBe("Given");
  });

  test("are renamed for everybody in the room", async () => {
    const { id } = await create(ada);
    const response = await ada.patch(`/api/v1/documents/${id}`, { title: "  Named " });
    expect(await response.json()).toMatchObject({ title: "Named" });
    expect(api.rooms.announced.at(-1)).toEqual({
      documentId: id,
      message: { type: "title", title: "Named" },
    });
  });

  test("go to the trash, come back, and are deleted for ever only from there", async () => {
    const { id } = await create(ada);
    expect(await codeOf(await ada.delete(`/api/v1/documents/${id}`))).toBe("CONFLICT");
    expect(await (await ada.post(`/api/v1/documents/${id}/trash`)).json()).toMatchObject({
      trashedAt: expect.any(String),
    });
    expect(api.rooms.closed).toEqual([{ documentId: id, code: "GONE" }]);
    expect(api.changes).toContainEqual({ documentId: id });
    const trash = (await (await ada.get("/api/v1/documents?trashed=true")).json()) as {
      items: { id: string }[];
    };
    expect(trash.items.map(item => item.id)).toContain(id);
    expect(await codeOf(await ada.patch(`/api/v1/documents/${id}`, { title: "x" }))).toBe("CONFLICT");
    await ada.post(`/api/v1/documents/${id}/restore`);
    expect((await ada.get(`/api/v1/documents/${id}`)).status).toBe(200);

    await ada.post(`/api/v1/documents/${id}/trash`);
    expect((await ada.delete(`/api/v1/documents/${id}`)).status).toBe(204);
    expect(api.rooms.closed).toContainEqual({ documentId: id, code: "GONE" });
    expect(await api.store.meta(id)).toBeUndefined();
    expect((await ada.get(`/api/v1/documents/${id}`)).status).toBe(404);
  });

  test("are listed by pages, the last changed first, without gap or repetition", async () => {
    const cleo = await signInMember(api, "Cleo");
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.unshift((await create(cleo, { title: `Document ${i}` })).id);
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page = await (await cleo.get(`/api/v1/documents?limit=3${cursor && `&cursor=${cursor}`}`)).json();
      const { items, nextCursor } = page as { items: { id: string }[]; nextCursor: string | null };
      seen.push(...items.map(item => item.id));
      cursor = nextCursor;
    }
    expect(new Set(seen)).toEqual(new Set(ids));
    expect(seen).toHaveLength(7);
    expect(await codeOf(await cleo.get("/api/v1/documents?cursor=nonsense"))).toBe("INVALID_REQUEST");
    expect(await codeOf(await cleo.get("/api/v1/documents?limit=0"))).toBe("INVALID_REQUEST");
  });

  test("that were opened by a link appear in the list of who opened them, until it is revoked", async () => {
    const { id } = await create(ada);
    const link = (await (await ada.post(`/api/v1/documents/${id}/links`, { role: "editor" })).json()) as {
      id: string;
      url: string;
    };
    await ben.get(new URL(link.url).pathname);
    const listed = async () => {
      const { items } = (await (await ben.get("/api/v1/documents")).json()) as {
        items: { id: string; role: string }[];
      };
      return items.find(item => item.id === id)?.role;
    };
    expect(await listed()).toBe("editor");
    await ada.delete(`/api/v1/documents/${id}/links/${link.id}`);
    expect(await listed()).toBeUndefined();
  });

  test("are viewed with their HTML and who one is", async () => {
    const { id } = await create(ada, { content: { format: "markdown", body: "Hello" } });
    const view = await (await ada.get(`/api/v1/documents/${id}/view`)).json();
    expect(view).toMatchObject({
      document: { id },
      html: "<p>Hello</p>",
      guest: false,
      user: { name: "Ada" },
    });
  });

  test("take their title and snippet from the text until somebody gives a title", async () => {
    const own = await startApi();
    const browser = await signInAdministrator(own);
    const { id } = await create(browser);
    await own.rooms.write(id, "server", document => {
      const heading = new XmlElement<{ level: number }>("heading");
      heading.setAttribute("level", 1);
      heading.insert(0, [new XmlText("Heading")]);
      document.getXmlFragment(BODY_FRAGMENT).insert(0, [heading as XmlElement]);
      paragraph("and text")(document);
    });
    await own.documents.close();
    expect(await own.catalog.documents.find(id)).toMatchObject({ title: "Heading", snippet: "and text" });
    expect(own.rooms.announced).toEqual([{ documentId: id, message: { type: "title", title: "Heading" } }]);
    await own.close();
  });

  test("nested without end are refused before anything reads them", async () => {
    const body = `{"content":{"format":"json","body":{"type":"doc","content":${"[".repeat(100_000)}${"]".repeat(100_000)}}}}`;
    expect(await codeOf(await ada.post("/api/v1/documents", body))).toBe("CONVERSION_FAILED");
  });

  test("are neither created nor deleted while the store does not take writes; who asks does not wait", async () => {
    let isFull = false;
    const fail = async () => {
      if (isFull) throw new Error("disk full");
    };
    const own = await startApi({ store: { beforeCommit: fail, beforeReopen: fail } });
    const browser = await signInAdministrator(own);
    const { id } = await create(browser);
    await browser.post(`/api/v1/documents/${id}/trash`);
    isFull = true;
    expect(await codeOf(await browser.post("/api/v1/documents", {}))).toBe("APPEND_FAILED");
    expect(await codeOf(await browser.delete(`/api/v1/documents/${id}`))).toBe("APPEND_FAILED");
    expect((await browser.get(`/api/v1/documents/${id}`)).status).toBe(200);
    isFull = false;
    await eventually(() => own.store.updates.state.writable);
    expect((await browser.delete(`/api/v1/documents/${id}`)).status).toBe(204);
    await own.close();
  });

  test("whose content cannot be converted are not created", async () => {
    const response = await ada.post("/api/v1/documents", {
      content: { format: "html", body: "unconvertible" },
    });
    expect([response.status, await codeOf(response)]).toEqual([422, "CONVERSION_FAILED"]);
  });
});

describe("links", () => {
  test("let a stranger in as a guest with a name that stays, and out again when revoked", async () => {
    const { id } = await create(ada, { title: "Shared" });
    const link = (await (await ada.post(`/api/v1/documents/${id}/links`, { role: "viewer" })).json()) as {
      id: string;
      url: string;
    };
    const guest = api.browser();
    const opened = await guest.get(new URL(link.url).pathname);
    expect(opened.status).toBe(303);
    expect(opened.headers.get("location")).toBe(`/d/shared-${id}`);
    expect(opened.headers.get("referrer-policy")).toBe("no-referrer");
    const me = async () =>
      (
        (await (await guest.get("/api/v1/me")).json()) as {
          user: { id: string; name: string; guest: boolean };
        }
      ).user;
    const first = await me();
    expect(first).toMatchObject({ guest: true, name: expect.stringMatching(/^Anonymous \w+$/) });
    await guest.get(new URL(link.url).pathname);
    expect(await me()).toEqual(first);

    expect(await (await guest.get(`/api/v1/documents/${id}`)).json()).toMatchObject({ role: "viewer" });
    expect(await codeOf(await guest.patch(`/api/v1/documents/${id}`, { title: "Mine" }))).toBe("FORBIDDEN");
    expect((await ada.delete(`/api/v1/documents/${id}/links/${link.id}`)).status).toBe(204);
    expect((await guest.get(`/api/v1/documents/${id}`)).status).toBe(404);
    const again = await guest.get(new URL(link.url).pathname);
    expect([again.status, again.headers.get("x-octavo-pass-to-pages")]).toEqual([404, "1"]);
  });

  test("can be copied again by the owner, and are not in the catalog as they are", async () => {
    const { id } = await create(ada);
    const { url } = (await (await ada.post(`/api/v1/documents/${id}/links`, { role: "viewer" })).json()) as {
      url: string;
    };
    const { items } = (await (await ada.get(`/api/v1/documents/${id}/links`)).json()) as {
      items: { url: string }[];
    };
    expect(items.map(item => item.url)).toEqual([url]);
    const rows = await api.catalog.sharing.links(id);
    expect(JSON.stringify(rows)).not.toContain(new URL(url).pathname.slice(3));
  });

  test("of another document cannot be revoked through one's own", async () => {
    const theirs = await create(ada);
    const link = (await (
      await ada.post(`/api/v1/documents/${theirs.id}/links`, { role: "viewer" })
    ).json()) as { id: string };
    const mine = await create(ben);
    expect((await ben.delete(`/api/v1/documents/${mine.id}/links/${link.id}`)).status).toBe(404);
    expect(await api.catalog.sharing.links(theirs.id)).toHaveLength(1);
  });

  test("of a guest who signs in are the account's from then on, with the ids they wrote with", async () => {
    const { id } = await create(ada);
    const link = (await (await ada.post(`/api/v1/documents/${id}/links`, { role: "editor" })).json()) as {
      url: string;
    };
    await signInMember(api, "Dora");
    const browser = api.browser();
    await browser.get(new URL(link.url).pathname);
    const me = async () => (await (await browser.get("/api/v1/me")).json()) as { user: { id: string } };
    const guestId = (await me()).user.id;
    await api.rooms.write(id, `guest:${guestId}`, () => undefined);
    expect((await browser.signIn("dora@example.com")).status).toBe(200);
    expect(browser.cookies.has("octavo_guest")).toBe(false);
    const userId = (await me()).user.id;
    expect((await browser.get(`/api/v1/documents/${id}`)).status).toBe(200);
    const owners = [...(await api.store.updates.owners(id)).values()];
    expect(owners).toContain(`user:${userId}`);
    expect(owners).not.toContain(`guest:${guestId}`);
  });
});

describe("access tokens", () => {
  const issue = async (browser: Browser, id: string, body: object) =>
    browser.post(`/api/v1/documents/${id}/access-tokens`, body);
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  test("open their document with their role, and no other", async () => {
    const [one, other] = [await create(ada), await create(ada)];
    const { token } = (await (
      await issue(ada, one.id, { role: "viewer", user: { id: "u1", name: "Uma" } })
    ).json()) as { token: string };
    const stranger = api.browser();
    expect(await (await stranger.get(`/api/v1/documents/${one.id}`, bearer(token))).json()).toMatchObject({
      role: "viewer",
    });
    expect((await stranger.get(`/api/v1/documents/${other.id}`, bearer(token))).status).toBe(404);
    expect(await codeOf(await stranger.get("/api/v1/documents", bearer(token)))).toBe("FORBIDDEN");
    expect(
      await codeOf(await stranger.patch(`/api/v1/documents/${one.id}`, { title: "x" }, bearer(token))),
    ).toBe("FORBIDDEN");
  });

  test("L3 that renew an earlier one are the same person's, and nobody else's can be renewed", async () => {
    const { id } = await create(ada);
    const other = await create(ada);
    const claims = (token: string) =>
      JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as { sub: string; name: string };
    const tokenOf = async (response: Response) => ((await response.json()) as { token: string }).token;
    const first = await tokenOf(await issue(ada, id, { role: "editor" }));
    const second = await tokenOf(await issue(ada, id, { role: "viewer", renews: first }));
    expect(claims(second)).toMatchObject({
      sub: claims(first).sub,
      name: claims(first).name,
      role: "viewer",
    });
    const fresh = await tokenOf(await issue(ada, id, { role: "editor" }));
    expect(claims(fresh).sub).not.toBe(claims(first).sub);
    const elsewhere = await issue(ada, other.id, { role: "editor", renews: first });
    expect([elsewhere.status, await codeOf(elsewhere)]).toEqual([401, "TOKEN_INVALID"]);
    const forged = await issue(ada, id, { role: "editor", renews: `${first}x` });
    expect(await codeOf(forged)).toBe("TOKEN_INVALID");
    const benOwn = await create(ben);
    const bens = await tokenOf(await issue(ben, benOwn.id, { role: "editor" }));
    expect(await codeOf(await issue(ada, id, { role: "editor", renews: bens }))).toBe("TOKEN_INVALID");
  });

  test("that expired, were forged or come from elsewhere are refused, and never fall back to the cookies", async () => {
    const { id } = await create(ada);
    const { token } = (await (await issue(ada, id, { role: "editor", expiresInSeconds: 10 })).json()) as {
      token: string;
    };
    const [head, body] = token.split(".");
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`;
    for (const bad of [`${head}.${body}.AAAA`, unsigned, "x", "a.b.c", "é".repeat(10), "x".repeat(10_000)]) {
      const answer = await ada.get(`/api/v1/documents/${id}`, { authorization: `Bearer ${encodeURI(bad)}` });
      expect([answer.status, await codeOf(answer)]).toEqual([401, "TOKEN_INVALID"]);
    }
    const elsewhere = await startApi();
    const foreign = await elsewhere.accounts.signToken({
      sub: "x",
      name: "x",
      doc: id,
      role: "owner",
      iss: "user:x",
      iat: 0,
      exp: 2 ** 40,
    });
    await elsewhere.close();
    expect(await codeOf(await ada.get(`/api/v1/documents/${id}`, bearer(foreign)))).toBe("TOKEN_INVALID");
    api.clock.advance(11_000);
    expect(await codeOf(await ada.get(`/api/v1/documents/${id}`, bearer(token)))).toBe("TOKEN_EXPIRED");
  });

  test("never give more than their maker has at that moment", async () => {
    const { id } = await create(ada);
    const me = (await (await ben.get("/api/v1/me")).json()) as { user: { id: string } };
    await api.access.grant(id, me.user.id, "editor");
    expect(await codeOf(await issue(ben, id, { role: "owner" }))).toBe("FORBIDDEN");
    const { token } = (await (await issue(ben, id, { role: "editor" })).json()) as { token: string };
    const role = async () =>
      (
        (await (await api.browser().get(`/api/v1/documents/${id}`, bearer(token))).json()) as {
          role?: string;
        }
      ).role;
    expect(await role()).toBe("editor");
    await api.access.grant(id, me.user.id, "viewer");
    expect(await role()).toBe("viewer");
    expect(await codeOf(await issue(ben, id, { role: "viewer" }))).toBe("FORBIDDEN");
    await api.access.grant(id, me.user.id, undefined);
    expect(await role()).toBeUndefined();
  });
});

describe("API keys", () => {
  test("act for their account until they are deleted", async () => {
    const { id, key } = (await (await ada.post("/api/v1/api-keys", { name: "script" })).json()) as {
      id: string;
      key: string;
    };
    const script = api.browser();
    const headers = { authorization: `Bearer ${key}` };
    const created = await script.send("POST", "/api/v1/documents", { title: "By script" }, headers);
    expect(created.status).toBe(201);
    const list = await (await ada.get("/api/v1/api-keys")).text();
    expect(list).toContain(id);
    expect(list).not.toContain(key);
    expect((await ben.delete(`/api/v1/api-keys/${id}`)).status).toBe(404);
    expect((await ada.delete(`/api/v1/api-keys/${id}`)).status).toBe(204);
    expect(await codeOf(await script.get("/api/v1/documents", headers))).toBe("TOKEN_INVALID");
  });

  test("that made tokens take them with them", async () => {
    const { id } = await create(ada);
    const made = (await (await ada.post("/api/v1/api-keys", { name: "embed" })).json()) as {
      id: string;
      key: string;
    };
    const issued = await api
      .browser()
      .post(
        `/api/v1/documents/${id}/access-tokens`,
        { role: "viewer" },
        { authorization: `Bearer ${made.key}` },
      );
    const { token } = (await issued.json()) as { token: string };
    const open = async () =>
      (await api.browser().get(`/api/v1/documents/${id}`, { authorization: `Bearer ${token}` })).status;
    expect(await open()).toBe(200);
    await ada.delete(`/api/v1/api-keys/${made.id}`);
    expect(await open()).toBe(404);
  });
});

describe("bad input", () => {
  test.each(["..", "%2e%2e%2fetc", "a%2Fb", "%00", "x".repeat(10_000), "%E0%A4%A", newId().slice(1), " "])(
    "a document id %j is not found, by no route",
    async id => {
      for (const [method, path] of [
        ["GET", ""],
        ["PATCH", ""],
        ["DELETE", ""],
        ["POST", "/trash"],
        ["GET", "/view"],
        ["GET", "/links"],
      ] as const) {
        const response = await ada.send(
          method,
          `/api/v1/documents/${id}${path}`,
          method === "PATCH" ? { title: "x" } : undefined,
        );
        expect([405, 404, 400]).toContain(response.status);
        expect(response.headers.get("content-type")).toBe("application/problem+json");
      }
    },
  );

  test("is answered with the fields that are wrong", async () => {
    const response = await ada.post("/api/v1/documents", {
      title: "x".repeat(LIMITS.titleLength + 1),
      content: { format: "markdown" },
    });
    expect(response.status).toBe(400);
    const problem = (await response.json()) as { errors: { path: string }[]; instance: string; type: string };
    expect(problem.errors.map(error => error.path).sort()).toEqual(["content.body", "title"]);
    expect(problem).toMatchObject({
      instance: "/api/v1/documents",
      type: expect.stringContaining("invalid_request"),
    });
  });

  test("that is no JSON, too large, of another type or for no method is refused by name", async () => {
    expect(await codeOf(await ada.post("/api/v1/documents", "{"))).toBe("INVALID_REQUEST");
    expect(await codeOf(await ada.post("/api/v1/api-keys", { name: "x".repeat(LIMITS.requestBytes) }))).toBe(
      "TOO_LARGE",
    );
    expect(
      await codeOf(await ada.send("POST", "/api/v1/documents", "title=x", { "content-type": "text/plain" })),
    ).toBe("UNSUPPORTED_FORMAT");
    const wrong = await ada.send("PUT", "/api/v1/documents");
    expect([wrong.status, wrong.headers.get("allow"), await codeOf(wrong)]).toEqual([
      405,
      "GET, POST",
      "METHOD_NOT_ALLOWED",
    ]);
    expect(await codeOf(await ada.get("/api/v1/nothing"))).toBe("NOT_FOUND");
    expect(await codeOf(await ada.get("/elsewhere"))).toBe("NOT_FOUND");
  });

  test("inside the server tells nobody what went wrong, and the log everything", async () => {
    const { id } = await create(ada);
    const { head } = api.store.updates;
    api.store.updates.head = () => Promise.reject(new Error("secret detail"));
    const response = await ada.get(`/api/v1/documents/${id}/view`);
    api.store.updates.head = head;
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret detail");
    const requestId = response.headers.get("x-request-id");
    expect(
      api.logged.find(line => line.includes("http.failed") && line.includes(String(requestId))),
    ).toContain("secret detail");
  });
});

describe("other origins", () => {
  test("cannot act with a person's cookies", async () => {
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: `${ORIGIN}.evil.example` },
    ]) {
      expect(await codeOf(await ada.post("/api/v1/documents", {}, headers))).toBe("ORIGIN_NOT_ALLOWED");
      expect(await codeOf(await ada.post("/api/auth/sign-out", {}, headers))).toBe("ORIGIN_NOT_ALLOWED");
    }
    const cookie = [...ada.cookies].map(pair => pair.join("=")).join("; ");
    const bare = (headers: Record<string, string>) =>
      api.http.request(`${ORIGIN}/api/v1/documents`, {
        method: "POST",
        headers: { cookie, "content-type": "application/json", ...headers },
        body: "{}",
      });
    expect((await bare({})).status).toBe(403);
    expect((await bare({ "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await bare({ "sec-fetch-site": "same-origin" })).status).toBe(201);
    // What a browser sends by itself to a proxy that asks for a password says nothing about the page.
    for (const authorization of ["Basic YTpi", "Bearer", "Bearer a b"]) {
      expect((await bare({ authorization, origin: "https://evil.example" })).status).toBe(403);
    }
  });

  test("are measured against the address by which the server was opened", async () => {
    const origin = "http://192.168.1.20:3000";
    const response = await api.http.request(
      `${origin}/api/auth/sign-in/email`,
      {
        method: "POST",
        headers: { origin, "content-type": "application/json" },
        body: JSON.stringify({ email: "ada@example.com", password: PASSWORD }),
      },
      { origin, clientAddress: "192.168.1.30" },
    );
    expect(response.status).toBe(200);
    expect(response.headers.getSetCookie().join()).not.toMatch(/secure/i);
  });

  test("get no cached, framed or executable answer", async () => {
    const { headers } = await ada.get("/api/v1/me");
    expect(Object.fromEntries(headers)).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "content-security-policy": expect.stringContaining("default-src 'none'"),
    });
  });
});

test("the log of a request says neither path nor query", async () => {
  const { id } = await create(ada, { title: "Very private" });
  await ada.get(`/api/v1/documents/${id}?format=text&secret=hidden`);
  const lines = api.logged.join("\n");
  for (const secret of ["hidden", "Very private", "ada@example.com", PASSWORD])
    expect(lines).not.toContain(secret);
  expect(lines).toContain("/api/v1/documents/:id");
});

test("N5 one account creates so many documents in a minute, and others create theirs", async () => {
  const nora = await signInMember(api, "Nora");
  const statuses: number[] = [];
  for (let i = 0; i <= LIMITS.documentsPerMinute; i++) {
    // Refused by its content, so that the test makes none: every attempt counts.
    statuses.push((await nora.post("/api/v1/documents", { title: 1 })).status);
  }
  expect(statuses.slice(0, -1).every(status => status === 400)).toBe(true);
  const tooMany = await nora.post("/api/v1/documents", {});
  expect(tooMany.status).toBe(429);
  expect(Number(tooMany.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await codeOf(tooMany)).toBe("TOO_MANY_REQUESTS");
  expect((await ben.post("/api/v1/documents", {})).status).toBe(201);
});
