import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@octavo/test-kit/eventually";
import { afterEach, describe, expect, test } from "vitest";
import { readConfig } from "./config/env.ts";
import { createLog } from "./logging/logger.ts";
import { createServer, type OctavoServer } from "./server.ts";
import { openMemoryDocumentStore } from "./storage/memory-document-store.ts";

const METRICS_TOKEN = "metrics-token-of-the-test";
const endings: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const newFolder = () => mkdtemp(join(tmpdir(), "octavo-server-"));

async function open(environment: Record<string, string> = {}): Promise<OctavoServer & { dataDir: string }> {
  const dataDir = environment.DATA_DIR ?? (await newFolder());
  const config = readConfig({
    PORT: "0",
    HOST: "127.0.0.1",
    METRICS_TOKEN,
    ...environment,
    DATA_DIR: dataDir,
  });
  const server = await createServer(config, {
    log: createLog({ level: "silent", format: "json" }),
    documentStore: openMemoryDocumentStore(),
    pages: false,
  });
  endings.push(() => server.close());
  return { ...server, dataDir };
}

/** What comes back for bytes that no client library would send. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.on("data", data => {
    answer += data;
  });
  socket.on("error", () => {});
  socket.write(text);
  await once(socket, "close");
  return answer;
}

describe("the door", () => {
  test("tells whether it lives and whether it is ready, and shows its metrics to who has the token only", async () => {
    const { url } = await open();
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: "alive" });
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: "ready", reasons: [] });
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { headers: { authorization: "Bearer wrong" } })).status).toBe(404);
    const metrics = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
    expect(await metrics.text()).toContain("octavo_connections 0");
  });

  test("prints a set-up link while there is no account, under the address it really has", async () => {
    const { url, setupUrl, port } = await open();
    expect(url).toBe(`http://127.0.0.1:${port}`);
    expect(setupUrl).toMatch(new RegExp(`^${url}/setup\\?token=[\\w-]{20,}$`));
    const administrator = { ADMIN_EMAIL: "ada@example.com", ADMIN_PASSWORD: "correct horse battery" };
    expect((await open(administrator)).setupUrl).toBeUndefined();
    expect((await open({ OCTAVO_URL: "https://docs.example.com" })).setupUrl).toMatch(
      /^https:\/\/docs\.example\.com\/setup/,
    );
  });

  test("a client's claim to be our own pages is not believed", async () => {
    const { url } = await open();
    const headers = {
      "x-octavo-internal": "guess",
      "x-octavo-client-address": "1.2.3.4",
      origin: "https://evil.example",
      "content-type": "application/json",
    };
    const response = await fetch(`${url}/api/v1/set-up`, { method: "POST", headers, body: "{}" });
    expect(await response.json()).toMatchObject({ code: "ORIGIN_NOT_ALLOWED" });
  });

  test("what is not here is a problem with a code, an unknown link too", async () => {
    const { url } = await open();
    for (const path of ["/nowhere", "/api/v1/nowhere", "/s/unknown"]) {
      const response = await fetch(url + path);
      expect([path, response.status, response.headers.get("content-type")]).toEqual([
        path,
        404,
        "application/problem+json",
      ]);
      expect(response.headers.has("x-octavo-pass-to-pages")).toBe(false);
    }
  });

  test.each([
    [
      "an absolute address",
      "GET http://evil.example/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      "400",
    ],
    ["a doubled slash", "GET //evil.example/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "400"],
    ["no host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "400"],
    [
      "a host that is none",
      "GET /api//a/api/v1/me HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
      "400",
    ],
    ["a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n", "400"],
    ["no HTTP at all", "\x16\x03\x01\x02\x00hello\r\n\r\n", "400"],
    ["endless headers", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(70_000)}\r\n\r\n`, "431"],
    [
      "a socket where there is none",
      "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      "404",
    ],
    [
      "an upgrade with a bad address",
      "GET /sync/v1/%zz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      "404",
    ],
  ])("answers %s and lives on", async (_, text, status) => {
    const { url, port } = await open();
    expect(await raw(port, text)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect((await fetch(`${url}/healthz`)).ok).toBe(true);
  });

  test("a header that dribbles in does not hold a socket", { timeout: 15_000 }, async () => {
    const { port } = await open();
    const startedAt = performance.now();
    expect(await raw(port, "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")).toMatch(/^HTTP\/1\.1 408/);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });

  test("ends with an open connection in less than five seconds, and frees the port and the data", async () => {
    const { port, close, dataDir } = await open();
    const idle = connect(port, "127.0.0.1");
    idle.on("error", () => {});
    await once(idle, "connect");
    const startedAt = performance.now();
    await close();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await open({ PORT: String(port), DATA_DIR: dataDir });
  });
});

describe("the process", () => {
  function run(environment: Record<string, string>) {
    const child: ChildProcess = spawn(
      process.execPath,
      ["--conditions=octavo-source", join(import.meta.dirname, "main.ts")],
      {
        env: {
          PATH: process.env.PATH,
          PORT: "0",
          HOST: "127.0.0.1",
          EDITOR_URL: "http://127.0.0.1:9",
          OCTAVO_INTERNAL_SECRET: "s".repeat(40),
          ...environment,
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let output = "";
    child.stdout?.on("data", data => (output += data));
    child.stderr?.on("data", data => (output += data));
    endings.push(() => child.kill("SIGKILL"));
    const ended = once(child, "exit").then(([code]) => ({ code: code as number, output }));
    return { child, ended, output: () => output };
  }

  function ready(output: () => string): Promise<boolean> {
    return eventually(() => output().includes("Octavo is ready"), { withinMs: 20_000, what: "the server" });
  }

  test("a bad configuration ends it with every fault in plain words", async () => {
    const { code, output } = await run({ PORT: "many", OCTAVO_COLOUR: "red" }).ended;
    expect(code).toBe(1);
    expect(output).toContain("PORT must be a whole number.");
    expect(output).toContain("OCTAVO_COLOUR is not a variable that Octavo knows.");
  });

  test("a second one on the same data says so, and the first does not notice", async () => {
    const dataDir = await newFolder();
    const first = run({ DATA_DIR: dataDir });
    await ready(first.output);
    const { code, output } = await run({ DATA_DIR: dataDir }).ended;
    expect(code).toBe(1);
    expect(output).toMatch(/data is in use by process \d+/);
    first.child.kill("SIGTERM");
    expect((await first.ended).code).toBe(0);
  });

  test("a port that is taken ends it with advice, and leaves the data to others", async () => {
    const { port } = await open();
    const dataDir = await newFolder();
    const { code, output } = await run({ DATA_DIR: dataDir, PORT: String(port) }).ended;
    expect(code).toBe(1);
    expect(output).toContain(`port ${port} is in use`);
    await open({ DATA_DIR: dataDir });
  });

  test("SIGTERM and Ctrl+C, also doubled, end it with 0; no token or e-mail is in its log", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const dataDir = await newFolder();
      const { child, ended, output } = run({ DATA_DIR: dataDir, LOG_FORMAT: "json" });
      await ready(output);
      child.kill(signal);
      child.kill(signal);
      expect((await ended).code).toBe(0);
      const token = (await readFile(join(dataDir, "setup-token"), "utf8")).trim();
      const logged = output()
        .split("\n")
        .filter(line => line.startsWith("{"));
      expect(logged.length).toBeGreaterThan(1);
      expect(logged.join("\n")).not.toContain(token);
    }
  });
});
