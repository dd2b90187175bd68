/** Requests of strangers and members who do not play by the rules, to a server of its own process. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { LIMITS } from "@octavo/schema";
import { eventually } from "@octavo/test-kit";
import { type Person, type ServerProcess, setUp, startServerProcess } from "@octavo/test-kit/test-server";
import { afterAll, beforeAll, expect, test } from "vitest";

const MIB = 1024 * 1024;
let server: ServerProcess;
let person: Person;

beforeAll(async () => {
  server = await startServerProcess();
  person = await setUp(server);
});

afterAll(() => server[Symbol.asyncDispose]());

async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

/** A request of which nothing but the status is read, if anything. */
async function unread(
  path: string,
  headers: Record<string, string>,
): Promise<{ socket: Socket; status: number }> {
  const socket = connect({ port: server.port, host: "127.0.0.1" });
  socket.on("error", () => {});
  const lines = Object.entries({ host: `127.0.0.1:${server.port}`, cookie: person.cookie, ...headers });
  socket.write(
    `GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
  );
  const [head] = (await once(socket, "data")) as [Buffer];
  socket.pause();
  return { socket, status: Number(/^HTTP\/1\.1 (\d+)/.exec(head.toString("latin1"))?.[1]) };
}

/** 7 MiB that cannot be compressed by much. */
const NOISE = Array.from({ length: 70 }, () => randomBytes(75_000).toString("base64url")).join("\n\n");

test("Z8 many who ask for documents and do not read them take a bounded part of the memory", async () => {
  const ids: string[] = [];
  for (let i = 0; i < 10; i++) {
    const { id } = await person.request<{ id: string }>("POST", "/api/v1/documents", {
      content: { format: "markdown", body: `${i}\n\n${NOISE}` },
    });
    ids.push(id);
  }
  const before = await residentBytes();
  const answers: { socket: Socket; status: number }[] = [];
  for (const coding of ["identity", "br", "zstd", "gzip"]) {
    for (const id of ids) {
      answers.push(await unread(`/api/v1/documents/${id}/state?schema=1`, { "accept-encoding": coding }));
    }
  }
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(5);
  expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(10);
  expect((await residentBytes()) - before).toBeLessThan(LIMITS.unreadStatesPerActorBytes + 256 * MIB);
  const startedAt = performance.now();
  expect((await person.fetch("GET", `/api/v1/documents/${ids[0]}`)).status).toBe(200);
  expect(performance.now() - startedAt).toBeLessThan(500);
  for (const { socket } of answers) socket.destroy();
  await eventually(
    async () => (await person.fetch("GET", `/api/v1/documents/${ids[0]}/state?schema=1`)).status === 200,
    { what: "room for others" },
  );
}, 180_000);
