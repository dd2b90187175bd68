import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { PRESENCE_COLORS } from "@octavo/schema/protocol";
import { getMigrations } from "better-auth/db/migration";
import { afterEach, describe, expect, test } from "vitest";
import { type Api, PASSWORD, signInAdministrator, signInMember, startApi } from "../../test/api.ts";
import { authOptions } from "./better-auth.ts";

const open: Api[] = [];
const start = async (...options: Parameters<typeof startApi>) => {
  const api = await startApi(...options);
  open.push(api);
  return api;
};
afterEach(async () => {
  for (const api of open.splice(0)) await api.close();
});

const ada = { name: "Ada", email: "Ada@Example.com", password: PASSWORD };
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

describe("the first administrator", () => {
  test("is created with the token in a file that only its owner reads, which then is gone", async () => {
    const api = await start();
    const file = join(api.directory, "setup-token");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readFile(file, "utf8")).trim()).toBe(api.setUpToken());
    const browser = await signInAdministrator(api);
    expect(existsSync(file)).toBe(false);
    expect(api.accounts.setupUrl()).toBeUndefined();
    expect(await (await browser.get("/api/v1/me")).json()).toMatchObject({
      user: { name: "Ada", administrator: true, guest: false },
      needsSetUp: false,
    });
    expect((await api.browser().post("/api/v1/set-up", "anything")).status).toBe(404);
  });

  test("is not created with another token", async () => {
    const api = await start();
    const answer = await api.browser().post("/api/v1/set-up", { ...ada, token: "guessed" });
    expect(await codeOf(answer)).toBe("SETUP_TOKEN_INVALID");
    expect(await api.catalog.people.count()).toBe(0);
  });

  test("is one, however many ask at the same moment", async () => {
    const api = await start();
    const token = api.setUpToken();
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map(n =>
        api.browser().post("/api/v1/set-up", { ...ada, email: `a${n}@example.com`, token }),
      ),
    );
    expect(answers.map(answer => answer.status).sort()).toEqual([201, 404, 404, 404, 404]);
    expect(await api.catalog.people.count()).toBe(1);
  });

  test("keeps the link over a restart until it is used", async () => {
    const first = await start();
    const link = first.accounts.setupUrl();
    open.pop();
    await first.close({ restarts: true });
    const second = await start({ directory: first.directory });
    expect(second.accounts.setupUrl()).toBe(link);
  });

  test("is made unattended while there is no account, and only then", async () => {
    const first = await start({ administrator: { email: "root@example.com", password: PASSWORD } });
    expect(first.accounts.setupUrl()).toBeUndefined();
    expect((await first.browser().signIn("root@example.com")).status).toBe(200);
    open.pop();
    await first.close({ restarts: true });
    const second = await start({
      directory: first.directory,
      administrator: { email: "other@example.com", password: PASSWORD },
    });
    expect(await second.catalog.people.count()).toBe(1);
  });
});

describe("invitations", () => {
  test("open one account each, also for two who use one at the same moment", async () => {
    const api = await start();
    await signInAdministrator(api);
    const { secret: token } = await api.accounts.invite();
    const answers = await Promise.all(
      ["b", "c"].map(name =>
        api.browser().post("/api/v1/invitations/accept", {
          name,
          email: `${name}@example.com`,
          password: PASSWORD,
          token,
        }),
      ),
    );
    expect(answers.map(answer => answer.status).sort()).toEqual([201, 404]);
    expect(await api.catalog.people.count()).toBe(2);
  });

  test("for an address are for nobody else, and are not used up by a wrong try", async () => {
    const api = await start();
    await signInAdministrator(api);
    const { secret: token } = await api.accounts.invite("Cleo@example.com");
    const accept = (email: string) =>
      api.browser().post("/api/v1/invitations/accept", { name: "C", email, password: PASSWORD, token });
    expect((await accept("eve@example.com")).status).toBe(404);
    const taken = await accept("cleo@example.com");
    expect(taken.status).toBe(201);
  });

  test("stay open where the address has an account already", async () => {
    const api = await start();
    await signInAdministrator(api);
    const { secret: token } = await api.accounts.invite();
    const answer = await api.browser().post("/api/v1/invitations/accept", { ...ada, token });
    expect(await answer.json()).toMatchObject({ code: "CONFLICT", errors: [{ path: "email" }] });
    expect(await api.accounts.invitations()).toHaveLength(1);
  });

  test("end after a week, and when they are withdrawn", async () => {
    const api = await start();
    const browser = await signInAdministrator(api);
    const made = (await (await browser.post("/api/v1/invitations", {})).json()) as {
      id: string;
      url: string;
    };
    const listed = (await (await browser.get("/api/v1/invitations")).json()) as { items: { url: string }[] };
    expect(listed.items.map(item => item.url)).toEqual([made.url]);
    const accept = (url: string) =>
      api
        .browser()
        .post("/api/v1/invitations/accept", { ...ada, email: "x@example.com", token: url.split("/").at(-1) });
    expect((await browser.delete(`/api/v1/invitations/${made.id}`)).status).toBe(204);
    expect((await accept(made.url)).status).toBe(404);
    const late = (await (await browser.post("/api/v1/invitations", {})).json()) as { url: string };
    api.clock.advance(8 * 24 * 60 * 60 * 1000);
    expect((await accept(late.url)).status).toBe(404);
  });
});

describe("sessions", () => {
  test("begin with the right password alone; unknown people and wrong passwords look the same", async () => {
    const api = await start();
    await signInAdministrator(api);
    const wrong = await api.browser().signIn("ada@example.com", "not the password");
    const unknown = await api.browser().signIn("nobody@example.com", "not the password");
    expect(wrong.status).toBe(401);
    expect(await wrong.text()).toBe(await unknown.text());
    const right = await api.browser().signIn("ADA@example.com");
    expect(right.headers.getSetCookie().join()).toMatch(/octavo\.session_token=.*HttpOnly.*SameSite=Lax/i);
  });

  test("end by signing out; those who hold the session in memory are told before the answer", async () => {
    const api = await start();
    const browser = await signInAdministrator(api);
    const identity = await api.accounts.identify(
      new Headers({ cookie: [...browser.cookies].map(pair => pair.join("=")).join("; ") }),
    );
    const { id } = (await (await browser.post("/api/v1/documents", {})).json()) as { id: string };
    expect(await api.access.decide(identity, id)).toEqual({ role: "owner" });
    expect((await browser.post("/api/auth/sign-out", {})).status).toBe(200);
    expect(api.changes).toContainEqual({ sessionId: identity?.kind === "user" && identity.sessionId });
    expect(await api.access.decide(identity, id)).toBeUndefined();
    expect((await browser.get("/api/v1/documents")).status).toBe(401);
  });

  test("of other browsers can be ended from one", async () => {
    const api = await start();
    const here = await signInAdministrator(api);
    const there = api.browser();
    await there.signIn("ada@example.com");
    expect((await here.post("/api/auth/revoke-other-sessions", {})).status).toBe(200);
    expect((await there.get("/api/v1/documents")).status).toBe(401);
    expect((await here.get("/api/v1/documents")).status).toBe(200);
    expect(api.changes).toHaveLength(1);
  });

  test("have Secure cookies where the server is reached by https, under the same name", async () => {
    const api = await start();
    await signInAdministrator(api);
    const origin = "https://docs.example.com";
    const response = await api.http.request(
      `${origin}/api/auth/sign-in/email`,
      {
        method: "POST",
        headers: { origin, "content-type": "application/json" },
        body: JSON.stringify({ email: "ada@example.com", password: PASSWORD }),
      },
      { origin, clientAddress: "192.0.2.200" },
    );
    expect(response.headers.getSetCookie().join()).toMatch(/^octavo\.session_token=.*; Secure/);
  });

  test("cannot be tried without end from one address", async () => {
    const api = await start();
    await signInAdministrator(api);
    const browser = api.browser();
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++)
      statuses.push((await browser.signIn("ada@example.com", "wrong password")).status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect((await api.browser().signIn("ada@example.com")).status).toBe(200);
    api.clock.advance(61_000);
    expect((await browser.signIn("ada@example.com")).status).toBe(200);
  });
});

test("what of Better Auth is not meant to be open does not exist: nobody signs up by themselves", async () => {
  const api = await start();
  await signInAdministrator(api);
  const browser = api.browser();
  for (const [method, path, body] of [
    ["POST", "/sign-up/email", { ...ada, email: "eve@example.com" }],
    ["POST", "/request-password-reset", { email: ada.email }],
    ["POST", "/update-user", { name: "x" }],
    ["GET", "/ok", undefined],
    ["POST", "/sign-in/email/../../sign-up/email", { ...ada, email: "eve@example.com" }],
    ["POST", "/sign-in/social", { provider: "github" }],
  ] as const) {
    expect((await browser.send(method, `/api/auth${path}`, body)).status).toBe(404);
  }
  expect(await api.catalog.people.count()).toBe(1);
});

test("colours are given out evenly", async () => {
  const api = await start();
  await signInAdministrator(api);
  const colors = [0];
  for (let i = 1; i < PRESENCE_COLORS.length; i++) {
    const { user } = (await (await (await signInMember(api, `M${i}`)).get("/api/v1/me")).json()) as {
      user: { color: number };
    };
    colors.push(user.color);
  }
  expect(new Set(colors).size).toBe(PRESENCE_COLORS.length);
});

test("a guest cookie that was changed makes nobody a guest", async () => {
  const api = await start();
  const { guest, cookie } = api.accounts.newGuest();
  const identify = (value: string) => api.accounts.identify(new Headers({ cookie: `octavo_guest=${value}` }));
  expect(await identify(cookie)).toEqual(guest);
  for (const bad of [cookie.slice(0, -1), `x${cookie}`, guest.guestId, `${guest.guestId}.`, "", "."]) {
    expect(await identify(bad)).toBeUndefined();
  }
});

test("the catalog's tables are those that Better Auth expects", async () => {
  const api = await start();
  const { toBeCreated, toBeAdded, toBeAddedIndexes, schemaProblems } = await getMigrations(
    authOptions({
      catalog: api.catalog,
      secret: "x".repeat(43),
      https: false,
      onSessionEnd: async () => undefined,
      consume: () => ({ allowed: true, retryAfter: null }),
      log: (await import("pino")).pino({ enabled: false }),
    }),
  );
  expect({ toBeCreated, toBeAdded, toBeAddedIndexes, schemaProblems }).toEqual({
    toBeCreated: [],
    toBeAdded: [],
    toBeAddedIndexes: [],
    schemaProblems: [],
  });
});
