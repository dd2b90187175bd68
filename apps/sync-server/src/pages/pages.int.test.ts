import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@octavo/test-kit/eventually";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../clock.ts";
import type { Requester } from "../config/requester.ts";
import { createLog } from "../logging/logger.ts";
import { type Pages, startPages } from "./pages.ts";

const log = createLog({ level: "silent", format: "json" });
const folder = mkdtempSync(join(tmpdir(), "octavo-pages-"));
const endings: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** Stands for what `next build` makes: answers what it was asked, dies and breaks off on demand. */
const serverFile = join(folder, "server.mjs");
writeFileSync(
  serverFile,
  `import { createServer } from "node:http";
   createServer(async (request, response) => {
     if (request.url === "/die") process.exit(1);
     if (request.url === "/break-off") { response.writeHead(200, { "content-length": 100 }); response.write("half"); return setTimeout(() => response.destroy(), 20); }
     const chunks = [];
     for await (const chunk of request) chunks.push(chunk);
     response.setHeader("set-cookie", ["a=1", "b=2"]);
     response.setHeader("keep-alive", "timeout=5");
     response.setHeader("x-middleware-rewrite", "http://127.0.0.1:" + process.env.PORT);
     response.end(JSON.stringify({ pid: process.pid, url: request.url, headers: request.headers, bodyBytes: Buffer.concat(chunks).length, environment: Object.keys(process.env) }));
   }).listen(process.env.PORT, process.env.HOSTNAME);`,
);

async function openPages(options: Partial<Parameters<typeof startPages>[0]> = {}) {
  const pages = startPages({
    editorUrl: undefined,
    internalUrl: "http://127.0.0.1:1",
    internalSecret: "internal-secret",
    embedOrigins: [],
    development: false,
    clock: systemClock,
    log,
    serverFile,
    ...options,
  });
  endings.push(() => pages.close());
  const url = await doorTo(pages);
  return { url, get: (path: string, headers = {}) => fetch(url + path, { headers }) };
}

async function doorTo(pages: Pages): Promise<string> {
  const requester: Requester = {
    address: "198.51.100.9",
    protocol: "https",
    host: "docs.example.com",
    isOurPages: false,
  };
  const server: Server = createServer((request, response) => pages.handle(request, response, requester));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  endings.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Echo {
  pid: number;
  url: string;
  headers: Record<string, string>;
  bodyBytes: number;
  environment: string[];
}

/** The first answer that is none of ours: the pages are up. */
function whenUp(get: (path: string) => Promise<Response>): Promise<Echo> {
  return eventually(
    async () => {
      const response = await get("/");
      return response.ok ? ((await response.json()) as Echo) : undefined;
    },
    { what: "the pages" },
  );
}

describe("the pages behind the door", () => {
  test("while they start, a browser gets a page that reloads and a program a problem", async () => {
    const { get } = await openPages();
    const browser = await get("/", { accept: "text/html,*/*" });
    expect(browser.status).toBe(503);
    expect(browser.headers.get("retry-after")).toBe("2");
    expect(await browser.text()).toContain('http-equiv="refresh"');
    const program = await get("/", { accept: "application/json" });
    expect(await program.json()).toMatchObject({ code: "PAGES_UNAVAILABLE", status: 503 });
  });

  test("they learn who asks and nothing else, and their answers carry a policy with the same nonce", async () => {
    const { get } = await openPages();
    await whenUp(get);
    const response = await get("/d/x?y=1", { cookie: "s=1", "x-evil-hop": "1", connection: "x-evil-hop" });
    const { url, headers, environment } = (await response.json()) as Echo;
    expect(url).toBe("/d/x?y=1");
    expect(headers).toMatchObject({
      host: "docs.example.com",
      cookie: "s=1",
      "x-forwarded-proto": "https",
      "x-octavo-client-address": "198.51.100.9",
      "x-octavo-internal": "internal-secret",
    });
    expect(headers["content-security-policy"]).toMatch(/'nonce-[\w+/=]{24}'/);
    expect(response.headers.get("content-security-policy")).toBe(headers["content-security-policy"]);
    expect(response.headers.get("strict-transport-security")).not.toBeNull();
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.has("x-middleware-rewrite")).toBe(false);
    expect(environment).not.toContain("ADMIN_PASSWORD");
    const other = (await (await get("/")).json()) as Echo;
    expect(other.headers["content-security-policy"]).not.toBe(headers["content-security-policy"]);
  });

  test("bodies stream through", async () => {
    const { url, get } = await openPages();
    await whenUp(get);
    const body = new Uint8Array(3 * 1024 * 1024);
    const response = await fetch(`${url}/action`, { method: "POST", body });
    expect(((await response.json()) as Echo).bodyBytes).toBe(body.length);
  });

  test.each(["GET", "DELETE", "OPTIONS", "POST"])(
    "the body of a %s is never read as another request",
    async method => {
      const asked: string[] = [];
      const upstream = createServer(async (request, response) => {
        let body = "";
        for await (const chunk of request) body += chunk;
        asked.push(`${request.method} ${request.url} ${body.length}`);
        response.end();
      }).listen(0, "127.0.0.1");
      await once(upstream, "listening");
      endings.push(() => {
        upstream.closeAllConnections();
        upstream.close();
      });
      const editorUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
      const { url } = await openPages({ editorUrl });
      const hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\nx-octavo-client-address: 192.0.2.1\r\n\r\n";
      const send = async (headers: Record<string, string>) => {
        const request = httpRequest(`${url}/open`, { method, headers }).end(hidden);
        const [response] = await once(request, "response");
        response.resume();
        await once(response, "end");
      };
      await send({ "transfer-encoding": "chunked" });
      await send({ "content-length": String(hidden.length), connection: "content-length" });
      await send({ "transfer-encoding": "chunked", connection: "transfer-encoding" });
      expect(asked).toEqual(Array(3).fill(`${method} /open ${hidden.length}`));
    },
  );

  test("a client cannot take away what the pages are told of it", async () => {
    const { url, get } = await openPages();
    await whenUp(get);
    const connection = "x-octavo-client-address, x-forwarded-host, content-security-policy, host";
    const request = httpRequest(`${url}/`, { headers: { connection } }).end();
    const [response] = await once(request, "response");
    let text = "";
    for await (const chunk of response) text += chunk;
    expect((JSON.parse(text) as Echo).headers).toMatchObject({
      host: "docs.example.com",
      "x-octavo-client-address": "198.51.100.9",
      "x-forwarded-host": "docs.example.com",
      "content-security-policy": expect.stringContaining("'nonce-"),
    });
  });

  test("an answer that breaks off breaks off for the client, and a client that leaves harms nobody", async () => {
    const { url, get } = await openPages();
    await whenUp(get);
    await expect(get("/break-off").then(response => response.text())).rejects.toThrow();
    const leaving = httpRequest(`${url}/`, { method: "POST", headers: { "content-length": 1000 } });
    leaving.on("error", () => {});
    leaving.write("x");
    await once(leaving, "socket");
    leaving.destroy();
    expect((await get("/")).status).toBe(200);
  });

  test("they are started again when they die", async () => {
    const { get } = await openPages();
    const first = await whenUp(get);
    await get("/die").catch(() => {});
    const second = await whenUp(get);
    expect(second.pid).not.toBe(first.pid);
  });

  test("pages elsewhere that do not answer are a 503, not a crash", async () => {
    const { get } = await openPages({ editorUrl: "http://127.0.0.1:9" });
    expect((await get("/")).status).toBe(503);
  });

  test("hot reload passes in development only", async () => {
    const upstream = createServer().listen(0, "127.0.0.1");
    await once(upstream, "listening");
    endings.push(() => void upstream.close());
    upstream.on("upgrade", (_, socket) => {
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello",
      );
      socket.on("error", () => {});
      socket.once("data", data => socket.end(data));
    });
    const editorUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const talk = async (development: boolean) => {
      const pages = startPages({
        editorUrl,
        internalUrl: "",
        internalSecret: "s",
        embedOrigins: [],
        development,
        clock: systemClock,
        log,
      });
      endings.push(() => pages.close());
      const requester: Requester = {
        address: "127.0.0.1",
        protocol: "http",
        host: "localhost",
        isOurPages: false,
      };
      const door = createServer().listen(0, "127.0.0.1");
      door.on("upgrade", (request, socket, head) => pages.handleUpgrade(request, socket, head, requester));
      await once(door, "listening");
      endings.push(() => void door.close());
      const client = connect((door.address() as AddressInfo).port, "127.0.0.1");
      client.write(
        "GET /_next/hmr HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      );
      let text = "";
      client.on("data", data => {
        text += data;
        if (text.endsWith("hello")) client.write("echo");
      });
      client.on("error", () => {});
      await once(client, "close");
      return text;
    };
    expect(await talk(true)).toMatch(/^HTTP\/1\.1 101[\s\S]*hello[\s\S]*echo$/);
    expect(await talk(false)).toBe("");
  });

  test("they end with their parent, however it ends", async () => {
    const parentFile = join(folder, "parent.mjs");
    const moduleUrl = new URL("./page-process.ts", import.meta.url).href;
    writeFileSync(
      parentFile,
      `import { runPageProcess } from ${JSON.stringify(moduleUrl)};
       const log = { info() {}, warn() {}, debug() {} };
       const pages = runPageProcess({ serverFile: ${JSON.stringify(serverFile)}, environment: {}, clock: performance, log });
       pages;
       const timer = setInterval(() => { if (pages.origin()) { console.log(pages.origin()); clearInterval(timer); } }, 20);`.replace(
        "clock: performance",
        "clock: { now: Date.now, monotonic: () => performance.now() }",
      ),
    );
    const parent: ChildProcess = spawn(process.execPath, [parentFile], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(parent.stdout!, "data")) as [Buffer];
    const { pid } = (await (await fetch(String(line).trim())).json()) as Echo;
    parent.kill("SIGKILL");
    await once(parent, "exit");
    await eventually(() => !isAlive(pid), { withinMs: 5_000, what: "the pages to end with their parent" });
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
