import { isErrorCode, LIMITS } from "@octavo/schema";
import { problem } from "@octavo/schema/http";
import { CONNECTION_HEADER, FRAME_HEADER, writeFrames } from "@octavo/schema/protocol";
import { createRandom, eventually, type Random, seedMessage } from "@octavo/test-kit";
import { describe, expect, test } from "vitest";
import { recordedDocument, startSyncServer, textOf, writeParagraph } from "../../test/harness.ts";
import { RawClient, type ServerFrame } from "../../test/raw-client.ts";
import { RawRequests } from "../../test/raw-requests.ts";
import { openMemoryDocumentStore } from "../storage/memory-document-store.ts";

const isLong = process.env.OCTAVO_LONG === "1";

const codeOf = async (response: Response) => problem.parse(await response.json()).code;
const kindsOf = (frames: ServerFrame[]) => frames.map(({ kind }) => kind);

/** Frames that write a paragraph each. */
function paragraphs(client: RawRequests, ...texts: string[]): Uint8Array[] {
  const { document, updates } = recordedDocument();
  for (const text of texts) writeParagraph(document, text);
  return updates.map(update => client.frame(0, 2, update.length, update));
}

describe("a connection made of requests", () => {
  test("T1 says what a socket would say, and takes what a socket would take", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const other = await RawClient.join({ url: server.url, documentId, token: "bob" });
    const client = await RawRequests.open({ url: server.url, documentId });
    const stream = await client.stream(0);
    await eventually(() => stream.frames.some(({ frame }) => frame.kind === "message"));
    expect(await client.send(2, ...paragraphs(client, "hello"))).toBe(2);
    await eventually(() => stream.frames.some(({ frame }) => frame.kind === "ack"));
    await eventually(() => textOf(other.document).includes("hello"));
    expect(stream.frames.map(({ id }) => id)).toEqual(stream.frames.map((_, index) => index + 1));
    expect(await server.sockets("event-stream")).toBe(1);
    await client.close();
    await eventually(async () => (await server.connections()) === 1);
    expect(await server.sockets("event-stream")).toBe(0);
  });

  test("T1 a poll is answered as soon as a frame waits, and with nothing when none comes", async () => {
    await using server = await startSyncServer({ events: { times: { pollMs: 50 } } });
    const client = await RawRequests.open({ url: server.url, documentId: await server.create() });
    const heard: ServerFrame[] = [];
    await eventually(async () => {
      const answer = await client.poll(heard.length);
      if (answer.kind === "frames") {
        expect(answer.first).toBe(heard.length + 1);
        heard.push(...answer.frames);
      }
      return answer.kind === "nothing";
    });
    expect(kindsOf(heard)).toContain("authenticated");
    const poll = client.poll(heard.length);
    await client.send(2, ...paragraphs(client, "hello"));
    expect(await poll).toMatchObject({ kind: "frames", first: heard.length + 1 });
    expect(await server.sockets("long-poll")).toBe(1);
  });

  test("T4 repetitions are dropped by their number, and the answer says how far the server is", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const client = await RawRequests.open({ url: server.url, documentId });
    const frames = paragraphs(client, "a", "b", "c");
    expect(await client.send(2, frames[0]!)).toBe(2);
    expect(await client.send(2, ...frames)).toBe(4);
    expect(await client.send(2, ...frames)).toBe(4);
    expect(await client.send(1)).toBe(4);
    const stream = await client.stream(0);
    await eventually(() => stream.frames.filter(({ frame }) => frame.kind === "ack").length === 3);
    const reader = await RawClient.join({ url: server.url, documentId, token: "bob" });
    reader.step1();
    await eventually(() => textOf(reader.document).match(/[abc]</g)?.length === 3);
  });

  test("T4 a gap ends the connection with a code, on every way that asks", async () => {
    await using server = await startSyncServer();
    const client = await RawRequests.open({ url: server.url, documentId: await server.create() });
    expect(await client.send(3, ...paragraphs(client, "lost"))).toBe("CONNECTION_LOST");
    expect(await client.send(2, ...paragraphs(client, "late"))).toBe("CONNECTION_LOST");
    await eventually(async () => (await server.connections()) === 0);
    const stream = await client.stream(0);
    await eventually(() => stream.isOver);
    expect(stream.close).toEqual({ code: 4500, reason: "CONNECTION_LOST" });
    expect(await codeOf(await client.request("GET", {}))).toBe("CONNECTION_LOST");
  });

  test("T5 a stream that was cut goes on with the next frame", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const client = await RawRequests.open({ url: server.url, documentId });
    const writer = await RawClient.join({ url: server.url, documentId, token: "bob" });
    const { document, updates } = recordedDocument();
    const seen: number[] = [];
    const read: ServerFrame[] = [];
    for (let round = 0; round < 8; round++) {
      const stream = await client.stream(seen.at(-1) ?? 0);
      writeParagraph(document, `round ${round}`);
      writer.update(updates[round]!);
      await eventually(() =>
        stream.frames.some(({ frame }) => frame.kind === "update" || frame.kind === "step2"),
      );
      await stream.cut();
      seen.push(...stream.frames.map(({ id }) => id));
      read.push(...stream.frames.map(({ frame }) => frame));
      writeParagraph(document, `while away ${round}`);
    }
    expect(seen).toEqual(seen.map((_, index) => index + 1));
    expect(kindsOf(read).filter(kind => kind === "update").length).toBeGreaterThanOrEqual(8);
  });

  test("T5 a poll whose answer was lost is answered again", async () => {
    await using server = await startSyncServer();
    const client = await RawRequests.open({ url: server.url, documentId: await server.create() });
    const first = await client.poll(0);
    const again = await client.poll(0);
    expect(first.kind).toBe("frames");
    if (first.kind === "frames" && again.kind === "frames")
      expect(again.frames.slice(0, first.frames.length)).toEqual(first.frames);
  });

  test("T5 who missed more than is kept, or claims what was never sent, is told to come anew", async () => {
    await using server = await startSyncServer();
    const documentId = await server.create();
    const client = await RawRequests.open({ url: server.url, documentId, token: "bob" });
    const stream = await client.stream(0);
    const writer = await RawClient.join({ url: server.url, documentId });
    const { document, updates } = recordedDocument();
    for (let i = 0; i < 4; i++) writeParagraph(document, "x".repeat(LIMITS.streamReplayBytes / 2));
    for (const update of updates) writer.update(update);
    await eventually(() => writer.acks.length === 4);
    writeParagraph(document, "last");
    writer.update(updates[4]!);
    const bytes = () =>
      stream.frames.reduce((sum, { frame }) => sum + (frame.kind === "update" ? frame.update.length : 0), 0);
    await eventually(() => bytes() > 2 * LIMITS.streamReplayBytes);
    const late = await client.stream(0);
    await eventually(() => late.isOver);
    expect(late.close?.reason).toBe("CONNECTION_LOST");
    const liar = await RawRequests.open({ url: server.url, documentId });
    const future = await liar.stream(1_000_000);
    await eventually(() => future.isOver);
    expect(future.close?.reason).toBe("CONNECTION_LOST");
  });

  test("T6 a connection that nobody comes back to is over, and so is its presence", async () => {
    await using server = await startSyncServer({
      events: { times: { streamResumeMs: 80, pollResumeMs: 120 } },
    });
    const documentId = await server.create();
    const neverListened = await RawRequests.open({ url: server.url, documentId });
    const left = await RawRequests.open({ url: server.url, documentId });
    const stream = await left.stream(0);
    const polled = await RawRequests.open({ url: server.url, documentId });
    await polled.poll(0);
    await eventually(() => stream.frames.length > 0);
    expect(await server.connections()).toBeGreaterThan(0);
    await stream.cut();
    await eventually(async () => (await server.connections()) === 0);
    for (const client of [neverListened, left, polled]) expect(await client.send(2)).toBe("CONNECTION_LOST");
  });

  test("T6 a client on a stream that makes no request any more is gone", async () => {
    const times = { streamPingMs: 20, streamSilenceMs: 100 };
    await using server = await startSyncServer({ events: { times } });
    const documentId = await server.create();
    const silent = await RawRequests.open({ url: server.url, documentId });
    const stream = await silent.stream(0);
    const alive = await RawRequests.open({ url: server.url, documentId });
    const living = await alive.stream(0);
    await eventually(async () => {
      expect(await alive.send(1)).toBe(1);
      return stream.isOver;
    });
    expect(stream.close?.reason).toBe("CONNECTION_LOST");
    expect(living.isOver).toBe(false);
  });

  test("T7 a newer stream or poll takes the place of an older one", async () => {
    await using server = await startSyncServer();
    const client = await RawRequests.open({ url: server.url, documentId: await server.create() });
    const first = await client.stream(0);
    const second = await client.stream(0);
    await eventually(() => first.isOver);
    await eventually(() => second.frames.some(({ frame }) => frame.kind === "message"));
    const poll = client.poll(second.lastEvent);
    await eventually(() => second.isOver);
    const next = client.poll(second.lastEvent);
    expect(await poll).toEqual({ kind: "nothing" });
    await client.send(2, ...paragraphs(client, "hello"));
    expect(await next).toMatchObject({ kind: "frames" });
  });
});

describe("who may ask", () => {
  test("T8 an id is of one document, and unguessed ones are of none", async () => {
    await using server = await startSyncServer();
    const [mine, other] = [await server.create(), await server.create()];
    const client = await RawRequests.open({ url: server.url, documentId: mine });
    const elsewhere = new RawRequests({ url: server.url, documentId: other });
    for (const connection of [client.connection, "A".repeat(22), "", "x".repeat(5_000)]) {
      elsewhere.connection = connection;
      const answer = await elsewhere.request("GET", { [CONNECTION_HEADER]: connection });
      expect(await codeOf(answer)).toMatch(/^(CONNECTION_LOST|INVALID_REQUEST)$/);
      if (connection !== "") expect(await elsewhere.send(1)).toBe("CONNECTION_LOST");
    }
    expect(await client.send(2)).toBe(1);
    expect(
      new Set([client.connection, (await RawRequests.open({ url: server.url, documentId: mine })).connection])
        .size,
    ).toBe(2);
  });

  test("T8 a foreign page is refused at every request, a cookie counts for our own pages only", async () => {
    const cookies: (string | null)[] = [];
    await using server = await startSyncServer({
      identify: async headers => {
        cookies.push(headers.get("cookie"));
        return undefined;
      },
    });
    const documentId = await server.create();
    const cookie = "session=1";
    const open = async (headers: Record<string, string>) => {
      const client = new RawRequests({ url: server.url, documentId, headers });
      return client.request("POST", {}, writeFrames([client.auth()]));
    };
    await open({ cookie, origin: server.url });
    await open({ cookie });
    await eventually(() => cookies.length === 2);
    expect(cookies).toEqual([cookie, null]);
    const foreign = { cookie, origin: "https://evil.example" };
    const refused = await open(foreign);
    expect(refused.status).toBe(403);
    expect(await codeOf(refused)).toBe("ORIGIN_NOT_ALLOWED");
    const client = await RawRequests.open({ url: server.url, documentId });
    for (const method of ["GET", "POST", "OPTIONS"]) {
      const answer = await client.request(method, foreign);
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
      expect(await codeOf(answer)).toBe("ORIGIN_NOT_ALLOWED");
    }
    expect(cookies).toHaveLength(3);
  });

  test("T8 a page that may embed asks with its token, and its cookies are not looked at", async () => {
    const origin = "https://wiki.example.org";
    await using server = await startSyncServer({ events: { embedOrigins: [origin] } });
    const documentId = await server.create();
    const headers = { origin, cookie: "session=1" };
    const client = await RawRequests.open({ url: server.url, documentId, headers });
    const preflight = await client.request("OPTIONS", { "access-control-request-method": "POST" });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
    expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
    expect(preflight.headers.get("access-control-allow-headers")).toContain(CONNECTION_HEADER);
    expect((await client.poll(0)).kind).toBe("frames");
  });

  test.each(["PUT", "PATCH", "DELETE", "HEAD"])("T8 %s is not known here", async method => {
    await using server = await startSyncServer();
    const client = new RawRequests({ url: server.url, documentId: await server.create() });
    expect((await client.request(method, {})).status).toBe(405);
  });

  test("T8 no access is answered like no document", async () => {
    await using server = await startSyncServer();
    const client = new RawRequests({ url: server.url, documentId: "1".repeat(22) });
    const opened = await client.request("POST", {}, writeFrames([client.auth()]));
    client.connection = (await opened.json()).connection;
    const stream = await client.stream(0);
    await eventually(() => stream.isOver);
    expect(stream.frames.map(({ frame }) => frame)).toEqual([{ kind: "denied", reason: "NOT_FOUND" }]);
    expect(stream.close).toEqual({ code: 4404, reason: "NOT_FOUND" });
    expect(await server.loadedRooms()).toBe(0);
  });
});

describe("limits", () => {
  test("T9 a stranger may send little, in one frame and in all", async () => {
    await using server = await startSyncServer({ authenticateMs: 5_000 });
    const documentId = await server.create();
    const stranger = new RawRequests({ url: server.url, documentId });
    const big = writeFrames([new Uint8Array(LIMITS.strangerFrameBytes + 1)]);
    expect(await codeOf(await stranger.request("POST", {}, big))).toBe("TOO_LARGE");
    const opened = await stranger.request("POST", {}, writeFrames([]));
    stranger.connection = (await opened.json()).connection;
    const frame = stranger.frame(1, "y".repeat(60_000));
    const answers: unknown[] = [];
    for (let number = 1; number < 8; number++)
      answers.push(await stranger.send(number, frame).catch(() => "cut"));
    expect(answers.slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect(answers[4]).toMatch(/^(TOO_LARGE|cut)$/);
    await eventually(async () => (await server.connections()) === 0);
  });

  test("T9 a member's frame over the limit ends the connection", async () => {
    await using server = await startSyncServer();
    const client = await RawRequests.open({ url: server.url, documentId: await server.create() });
    await client.poll(0);
    expect(await client.send(2, new Uint8Array(LIMITS.frameBytes + 1))).toBe("TOO_LARGE");
  });

  test("T9 who says nothing has to go", async () => {
    await using server = await startSyncServer({ authenticateMs: 100 });
    const silent = new RawRequests({ url: server.url, documentId: await server.create() });
    silent.connection = (await (await silent.request("POST", {}, writeFrames([]))).json()).connection;
    const stream = await silent.stream(0);
    await eventually(() => stream.isOver);
    expect(stream.close).toEqual({ code: 4401, reason: "NOT_SIGNED_IN" });
  });

  test("T9 who sends more than is taken waits, and is answered in the end", async () => {
    let release = () => {};
    let gate = Promise.resolve();
    const store = openMemoryDocumentStore({ beforeCommit: () => gate });
    await using server = await startSyncServer({ store });
    const client = await RawRequests.open({ url: server.url, documentId: await server.create() });
    const stream = await client.stream(0);
    await eventually(() => stream.frames.some(({ frame }) => frame.kind === "message"));
    gate = new Promise(resolve => {
      release = resolve;
    });
    const frames = paragraphs(client, ...Array.from({ length: 20 }, () => "z".repeat(200_000)));
    let answer: number | string | undefined;
    void client.send(2, ...frames).then(received => {
      answer = received;
    });
    await new Promise(resolve => setTimeout(resolve, 300));
    expect(answer).toBeUndefined();
    release();
    await eventually(() => stream.frames.filter(({ frame }) => frame.kind === "ack").length === 20);
    await eventually(() => answer === 21);
  });
});

describe("the end", () => {
  test("T10 a close arrives with its code and word by stream, by poll and at a POST", async () => {
    await using server = await startSyncServer({ events: { times: { pollMs: 100 } } });
    const documentId = await server.create();
    const open = () => RawRequests.open({ url: server.url, documentId, token: "bob" });
    const [byStream, byPoll, byPost] = [await open(), await open(), await open()];
    const stream = await byStream.stream(0);
    let last = 0;
    await eventually(async () => {
      const answer = await byPoll.poll(last);
      if (answer.kind === "frames") last = answer.first + answer.frames.length - 1;
      return answer.kind === "nothing";
    });
    const poll = byPoll.poll(last);
    await server.access.setRole(documentId, "bob", "none");
    await eventually(() => stream.isOver);
    expect(stream.close).toEqual({ code: 4403, reason: "FORBIDDEN" });
    expect(await poll).toEqual({ kind: "close", notice: { code: 4403, reason: "FORBIDDEN" } });
    expect(await byPost.send(2, ...paragraphs(byPost, "no"))).toBe("FORBIDDEN");
  });

  test("T10 the last frames and the close are in one answer, for there may be no other", async () => {
    await using server = await startSyncServer();
    const client = new RawRequests({ url: server.url, documentId: "1".repeat(22) });
    const opened = await client.request("POST", {}, writeFrames([client.auth()]));
    client.connection = (await opened.json()).connection;
    expect(await client.poll(0)).toEqual({
      kind: "frames",
      first: 1,
      frames: [{ kind: "denied", reason: "NOT_FOUND" }],
      notice: { code: 4404, reason: "NOT_FOUND" },
    });
  });

  test("T12 a stream has signs of life and asks proxies to leave it alone", async () => {
    await using server = await startSyncServer({ events: { times: { streamPingMs: 20 } } });
    const client = await RawRequests.open({ url: server.url, documentId: await server.create() });
    const stream = await client.stream(0);
    const { headers } = stream.response;
    expect(headers.get("content-type")).toBe("text/event-stream");
    expect(headers.get("cache-control")).toBe("no-store, no-transform");
    expect(headers.get("x-accel-buffering")).toBe("no");
    expect(headers.get("content-encoding")).toBeNull();
    await eventually(() => stream.pings > 3);
  });
});

/** One hostile request, and what it was answered; undefined where the connection was cut. */
async function attack(
  random: Random,
  client: RawRequests,
): Promise<{ status: number; code?: string } | undefined> {
  const number = () =>
    random.pick([
      String(random.int(0, 6)),
      "-1",
      "1e9",
      "999999999999999",
      "99999999999999999999999",
      "NaN",
      "1, 2",
      "",
      "0x10",
    ]);
  const body = random.pick([
    () => writeFrames(paragraphs(client, random.text(5))),
    () => writeFrames([random.bytes(random.int(1, 40)), random.bytes(random.int(1, 400))]),
    () => writeFrames([new Uint8Array(0)]),
    () => new Uint8Array(random.bytes(random.int(0, 300))),
    () => Uint8Array.of(255, 255, 255, 255, 1),
    () => Uint8Array.of(0, 0, 0, 9, 1, 2),
    () => writeFrames(Array.from({ length: LIMITS.postFrames + 1 }, () => Uint8Array.of(9))),
    () => new Uint8Array(LIMITS.unauthenticatedBytes + random.int(0, 1000)),
    () => writeFrames([Uint8Array.of(random.int(0, 255))]),
  ])();
  const headers: Record<string, string> = {
    ...(random.bool(0.8) && { [FRAME_HEADER]: number() }),
    ...(random.bool(0.3) && { "last-event-id": number() }),
    ...(random.bool(0.2) && { [CONNECTION_HEADER]: random.pick(["", "x", "A".repeat(22), "%00"]) }),
    ...(random.bool(0.05) && { "octavo-close": "1" }),
    ...(random.bool(0.5) && { accept: random.pick(["text/event-stream", "*/*", "text/event-stream;q=0"]) }),
  };
  const method = random.weighted([
    [6, "POST"],
    [3, "GET"],
    [1, "DELETE"],
    [1, "OPTIONS"],
  ]);
  const abort = AbortSignal.timeout(random.int(1, 80));
  try {
    const response = await fetch(client.url, {
      method,
      signal: abort,
      headers: { ...(client.connection && { [CONNECTION_HEADER]: client.connection }), ...headers },
      ...(method === "POST" && { body: body as Uint8Array<ArrayBuffer> }),
    });
    const text = response.status >= 400 ? await response.text() : "";
    if (response.status < 400) await response.body?.cancel();
    return { status: response.status, ...(text && { code: problem.parse(JSON.parse(text)).code }) };
  } catch (error) {
    // Given up by us, or a body that was refused while it was sent.
    if (error instanceof Error && /fetch failed|aborted|timeout/i.test(`${error.name} ${error.message}`))
      return undefined;
    throw error;
  }
}

test("T11 random requests end their own connection with a code, and nothing else", async () => {
  const random = createRandom();
  const times = { pollMs: 30, streamResumeMs: 300, pollResumeMs: 300 };
  await using server = await startSyncServer({ events: { times } });
  const documentId = await server.create();
  const witness = await RawClient.join({ url: server.url, documentId, token: "witness" });
  const seen = new Map<string, number>();
  const rounds = isLong ? 2_000 : 80;
  for (let round = 0; round < rounds; round++) {
    const client = random.bool(0.8)
      ? await RawRequests.open({ url: server.url, documentId, token: "mallory" })
      : new RawRequests({ url: server.url, documentId });
    // Several at once: concurrent posts, two polls, a stream beside them.
    for (let wave = 0; wave < 3; wave++) {
      const answers = await Promise.all(
        Array.from({ length: random.int(1, 5) }, () => attack(random, client)),
      );
      for (const answer of answers) {
        if (answer === undefined) continue;
        expect(answer.status, seedMessage(random)).toBeLessThan(500);
        if (answer.status >= 400) expect(isErrorCode(answer.code), seedMessage(random)).toBe(true);
        const key = answer.code ?? String(answer.status);
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    }
  }
  expect(seen.size, `${seedMessage(random)} ${JSON.stringify([...seen])}`).toBeGreaterThan(5);
  await eventually(async () => (await server.connections()) === 1, { what: seedMessage(random) });
  expect(await server.sockets("event-stream")).toBe(0);
  expect(await server.sockets("long-poll")).toBe(0);
  const { document, updates } = recordedDocument();
  writeParagraph(document, "still here");
  witness.update(updates[0]!);
  await eventually(() => witness.acks.length === 1, { what: seedMessage(random) });
  expect(witness.close).toBeUndefined();
});
