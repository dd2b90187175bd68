import { LIMITS } from "@octavo/schema";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DocumentSocket } from "./document-socket.ts";
import { NO_STATUS, SocketBase } from "./socket.ts";

/** A hidden tab runs timers once a minute; messages come as ever. */
const HIDDEN_TIMER_MS = 60_000;
const TEN_MINUTES_MS = 600_000;

/** A socket to a server that says a byte when the test wants. */
class SilentSocket extends SocketBase {
  static latest: SilentSocket;
  readonly sent: Uint8Array[] = [];

  constructor() {
    super();
    SilentSocket.latest = this;
  }

  open(): void {
    this.opened();
  }

  say(byte: number): void {
    this.received(Uint8Array.of(byte).buffer);
  }

  override send(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }

  protected override release(): void {}
}

let socket: DocumentSocket;
let closes: [number, string][];

function connect(slowestTimerMs: number): void {
  const setIntervalOf = globalThis.setInterval;
  vi.stubGlobal("setInterval", (callback: () => void, ms: number) =>
    setIntervalOf(callback, Math.max(ms, slowestTimerMs)),
  );
  socket = new DocumentSocket(
    {
      url: () => "ws://server.example/",
      sending: (_, bytes) => [bytes],
      received: () => {},
      closed: (code, reason) => closes.push([code, reason]),
    },
    () => new SilentSocket(),
  );
  void socket.connect();
}

/** Time passes, and the server says something every `everyMs`. */
async function pass(ms: number, everyMs?: number): Promise<void> {
  const stepMs = everyMs ?? ms;
  for (let at = 0; at < ms; at += stepMs) {
    await vi.advanceTimersByTimeAsync(stepMs);
    if (everyMs !== undefined) SilentSocket.latest.say(9);
  }
}

beforeEach(() => {
  closes = [];
  vi.useFakeTimers();
});
afterEach(() => {
  socket.destroy();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe.each([
  ["a visible tab", 0],
  ["a hidden tab", HIDDEN_TIMER_MS],
])("in %s", (_, slowestTimerMs) => {
  beforeEach(async () => {
    connect(slowestTimerMs);
    await vi.advanceTimersByTimeAsync(0);
    SilentSocket.latest.open();
    SilentSocket.latest.say(9);
  });

  test("B6 an idle document stays connected for ten minutes on the server's signs of life alone", async () => {
    const first = SilentSocket.latest;
    await pass(TEN_MINUTES_MS, LIMITS.serverSilenceMs);
    expect(closes).toEqual([]);
    expect(SilentSocket.latest).toBe(first);
    // Each was answered.
    expect(first.sent.length).toBeGreaterThan(25);
    expect(first.sent.every(bytes => bytes.length === 1 && bytes[0] === 10)).toBe(true);
  });

  test("B6 a server of which nothing comes any more is given up, once, without waiting for it to agree", async () => {
    await pass(LIMITS.clientPatienceMs + Math.max(slowestTimerMs, 3_000));
    expect(closes).toEqual([[NO_STATUS, ""]]);
    expect(socket.webSocket).toBeNull();
    await pass(TEN_MINUTES_MS);
    expect(closes).toHaveLength(1);
  });
});
