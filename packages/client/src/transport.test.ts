import { beforeEach, describe, expect, test } from "vitest";
import type { Socket } from "./socket.ts";
import { SocketBase } from "./socket.ts";
import { type Transport, Transports } from "./transport.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Time that stands still until a test moves it. */
class Clock {
  time = 1_000_000;
  #waiting: { at: number; callback: () => void }[] = [];

  now = () => this.time;
  random = () => 0.5;
  after = (delayMs: number, callback: () => void) => {
    const entry = { at: this.time + delayMs, callback };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter(other => other !== entry);
    };
  };

  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      const next = this.#waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter(entry => entry !== next);
      this.time = next.at;
      next.callback();
      await settle();
    }
    this.time = end;
  }
}

const settle = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

/** A socket whose other side is the test. */
class Fake extends SocketBase {
  readonly transport: Transport;
  readonly sent: Uint8Array[] = [];
  isReleased = false;

  constructor(transport: Transport) {
    super();
    this.transport = transport;
  }

  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }
  open(): void {
    this.opened();
  }
  say(...bytes: number[]): void {
    this.received(Uint8Array.from(bytes).buffer);
  }
  fail(code = 1006, reason = ""): void {
    this.end(code, reason);
  }
  protected override release(): void {
    this.isReleased = true;
  }
}

let clock: Clock;
let made: Fake[];
let stored: Map<string, string>;
let better: number;
const last = () => made.at(-1) as Fake;

class Scripted extends Transports {
  override create(transport: Transport): Socket {
    const socket = new Fake(transport);
    made.push(socket);
    return socket;
  }
}

function transports(server = "https://docs.example.org/"): Transports {
  return new Scripted({
    server,
    WebSocket: class {} as unknown as typeof WebSocket,
    fetch,
    timers: clock,
    storage: {
      getItem: key => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, value),
      removeItem: key => void stored.delete(key),
    },
    onBetter: () => {
      better++;
    },
  });
}

/** One attempt, and what its owner hears. */
function attempt(choice: Transports) {
  const socket = choice.connect("wss://docs.example.org/sync/v1/x");
  const heard: string[] = [];
  socket.addEventListener("open", () => heard.push("open"));
  socket.addEventListener("message", ({ data }) => heard.push(`message ${new Uint8Array(data)}`));
  socket.addEventListener("close", ({ code, reason }) => heard.push(`close ${code} ${reason}`));
  return { socket, heard };
}

beforeEach(() => {
  clock = new Clock();
  made = [];
  stored = new Map();
  better = 0;
});

describe("T2 the choice", () => {
  test("a WebSocket that answers is kept", async () => {
    const choice = transports();
    const { heard } = attempt(choice);
    last().open();
    last().say(1);
    await clock.pass(10_000);
    expect(made.map(({ transport }) => transport)).toEqual(["websocket"]);
    expect(heard).toEqual(["open", "message 1"]);
    expect(stored.size).toBe(0);
  });

  test("without a message for four seconds the next is tried, and is given what was said", async () => {
    const choice = transports();
    const { socket, heard } = attempt(choice);
    last().open();
    socket.send(Uint8Array.of(1));
    socket.send(Uint8Array.of(2));
    await clock.pass(3_999);
    expect(made).toHaveLength(1);
    await clock.pass(1);
    expect(made.map(({ transport }) => transport)).toEqual(["websocket", "event-stream"]);
    expect(made[0]?.isReleased).toBe(true);
    // No first byte: something holds the stream back.
    await clock.pass(4_000);
    expect(last().transport).toBe("long-poll");
    last().open();
    expect(last().sent).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
    last().say(7);
    expect(heard).toEqual(["open", "message 7"]);
    expect(choice.current.getSnapshot()).toBe("long-poll");
  });

  test("an attempt that failed twice leads on, once does not", async () => {
    const choice = transports();
    const first = attempt(choice);
    last().fail();
    await settle();
    expect(first.heard).toEqual(["close 1006 "]);
    const second = attempt(choice);
    last().fail();
    await settle();
    expect(last().transport).toBe("event-stream");
    expect(second.heard).toEqual([]);
    last().open();
    expect(second.heard).toEqual(["open"]);
    expect(choice.current.getSnapshot()).toBe("event-stream");
  });

  test("a server that is away is no reason, and one that answers is none either", async () => {
    const choice = transports();
    attempt(choice);
    last().open();
    last().say(1);
    last().fail();
    for (let i = 0; i < 3; i++) {
      const { heard } = attempt(choice);
      last().fail();
      await settle();
      expect(heard).toEqual(["close 1006 "]);
    }
    const refused = attempt(choice);
    last().fail(4404, "NOT_FOUND");
    await settle();
    expect(refused.heard).toEqual(["close 4404 NOT_FOUND"]);
    expect(new Set(made.map(({ transport }) => transport))).toEqual(new Set(["websocket"]));
    // Four in a row are one.
    attempt(choice);
    last().fail();
    await settle();
    expect(last().transport).toBe("event-stream");
  });

  test("where nothing gets through, the attempt ends", async () => {
    const choice = transports();
    attempt(choice);
    last().fail();
    const { heard } = attempt(choice);
    for (let i = 0; i < 3; i++) {
      last().fail();
      await settle();
    }
    expect(heard).toEqual(["close 1006 "]);
    expect(stored.size).toBe(0);
  });

  test("what got through is remembered for a day, for its server", async () => {
    const choice = transports();
    attempt(choice);
    await clock.pass(4_000);
    last().open();
    choice.stop();
    expect(transports().preferred).toBe("event-stream");
    expect(transports("https://elsewhere.example.org").preferred).toBe("websocket");
    clock.time += DAY_MS;
    expect(transports().preferred).toBe("websocket");
    stored.set("octavo-transport:https://docs.example.org", "nonsense 9e99");
    expect(transports().preferred).toBe("websocket");
  });

  test("a socket that was closed by its owner says so at once, and nothing more", async () => {
    const { socket, heard } = attempt(transports());
    last().open();
    socket.close();
    await settle();
    expect(heard).toEqual(["open", "close 1005 "]);
    await clock.pass(60_000);
    expect(made).toHaveLength(1);
  });
});

describe("T3 the way back", () => {
  async function onStream(): Promise<Transports> {
    const choice = transports();
    attempt(choice);
    await clock.pass(4_000);
    last().open();
    last().say(1);
    return choice;
  }

  test("a WebSocket that answers a ping takes over, and is what is remembered", async () => {
    const choice = await onStream();
    await clock.pass(5 * 60 * 1000);
    const probe = last();
    expect(probe.transport).toBe("websocket");
    expect(better).toBe(0);
    probe.open();
    expect(probe.sent).toEqual([Uint8Array.of(9)]);
    probe.say(10);
    expect(better).toBe(1);
    expect(probe.isReleased).toBe(true);
    expect(stored.size).toBe(0);
    expect(choice.preferred).toBe("websocket");
  });

  test("one that opens and says nothing changes nothing, and is tried again later", async () => {
    await onStream();
    await clock.pass(5 * 60 * 1000);
    last().open();
    await clock.pass(4_000);
    expect(last().isReleased).toBe(true);
    const count = made.length;
    await clock.pass(5 * 60 * 1000);
    expect(made).toHaveLength(count + 1);
    expect(better).toBe(0);
  });

  test("what was remembered is looked at as soon as there is a connection", async () => {
    (await onStream()).stop();
    const choice = transports();
    attempt(choice);
    expect(last().transport).toBe("event-stream");
    last().open();
    expect(last().transport).toBe("websocket");
  });

  test("a way back that led nowhere is tried less often", async () => {
    const choice = await onStream();
    await clock.pass(5 * 60 * 1000);
    last().open();
    last().say(10);
    attempt(choice);
    await clock.pass(4_000);
    expect(last().transport).toBe("event-stream");
    last().open();
    const count = made.length;
    await clock.pass(9 * 60 * 1000);
    expect(made).toHaveLength(count);
    await clock.pass(60 * 1000);
    expect(made).toHaveLength(count + 1);
  });
});
