import { LIMITS } from "@octavo/schema";
import type { CloseNotice } from "@octavo/schema/protocol";
import { expect, test, vi } from "vitest";
import { HttpClient, type Outlet } from "./http-client.ts";

const nextTurn = () => new Promise(resolve => setImmediate(resolve));
const KIB = 1024;

/** A response to which a test says how many frames it takes. */
class Sink implements Outlet {
  readonly transport: Outlet["transport"];
  bufferedBytes = 0;
  takes = Number.POSITIVE_INFINITY;
  readonly numbers: number[] = [];
  notice: CloseNotice | undefined;
  isReplaced = false;
  readonly #client: HttpClient;

  constructor(client: HttpClient, transport: Outlet["transport"] = "event-stream") {
    this.#client = client;
    this.transport = transport;
  }

  pump(): void {
    const { outbound } = this.#client;
    for (; this.takes > 0 && outbound.peek(); this.takes--) {
      this.numbers.push(outbound.nextNumber);
      outbound.advance();
    }
    this.#client.left();
  }

  end(notice: CloseNotice): void {
    this.notice = notice;
  }

  replace(): void {
    this.isReplaced = true;
  }

  abandon(): void {}
}

function client() {
  const heard: Uint8Array[] = [];
  const events = { onTrusted: vi.fn(), onTransport: vi.fn(), onClosed: vi.fn(), onGone: vi.fn() };
  const socket = new HttpClient("id", "document", LIMITS, events);
  const listener = {
    onFrame: (frame: Uint8Array) => heard.push(frame),
    onClose: vi.fn(),
    onDrained: vi.fn(),
  };
  socket.listen(listener);
  return { socket, events, listener, heard };
}

test("T9 a reader that takes nothing is closed when too much waits, and what waited is gone", async () => {
  const { socket, listener } = client();
  const sink = new Sink(socket);
  sink.takes = 0;
  socket.attach(sink, 0);
  for (let i = 0; i < 200 && socket.isOpen; i++) socket.send(new Uint8Array(64 * KIB));
  expect(socket.isOpen).toBe(false);
  expect(sink.notice).toEqual({ code: 1013, reason: "TOO_SLOW" });
  expect(socket.bufferedBytes).toBe(0);
  await nextTurn();
  expect(listener.onClose).toHaveBeenCalledTimes(1);
  socket.forget();
});

test("T9 nobody to send to is a reader that takes nothing", () => {
  const { socket } = client();
  let sent = 0;
  while (socket.isOpen) {
    socket.send(new Uint8Array(16 * KIB));
    sent += 16 * KIB;
  }
  expect(sent).toBeLessThan(LIMITS.outboundBufferBytes + 64 * KIB);
  socket.forget();
});

test("T9 a state that is larger than the limit may wait, once", () => {
  const { socket } = client();
  socket.send(new Uint8Array(2 * LIMITS.outboundBufferBytes));
  socket.send(new Uint8Array(1));
  expect(socket.isOpen).toBe(true);
  for (let i = 0; i < 80; i++) socket.send(new Uint8Array(64 * KIB));
  expect(socket.isOpen).toBe(false);
  socket.forget();
});

test.each(["event-stream", "long-poll"] as const)(
  "T9 a reader by %s that caught up is told of",
  async transport => {
    const { socket, listener } = client();
    const sink = new Sink(socket, transport);
    sink.takes = 0;
    socket.attach(sink, 0);
    for (let i = 0; i < 5; i++) socket.send(new Uint8Array(64 * KIB));
    await nextTurn();
    expect(socket.bufferedBytes).toBe(5 * 64 * KIB);
    sink.takes = 5;
    sink.pump();
    if (transport === "long-poll") {
      // Answered is not arrived.
      expect(listener.onDrained).not.toHaveBeenCalled();
      socket.heard(2);
      expect(listener.onDrained).not.toHaveBeenCalled();
      socket.heard(5);
    }
    expect(listener.onDrained).toHaveBeenCalledTimes(1);
    expect(socket.bufferedBytes).toBe(0);
    socket.forget();
  },
);

test("T5 the next response begins after the last frame that the client has", async () => {
  const { socket } = client();
  const [first, second] = [new Sink(socket), new Sink(socket)];
  socket.attach(first, 0);
  for (let i = 0; i < 5; i++) socket.send(Uint8Array.of(i, i));
  await nextTurn();
  expect(first.numbers).toEqual([1, 2, 3, 4, 5]);
  socket.attach(second, 3);
  expect(first.isReplaced).toBe(true);
  expect(second.numbers).toEqual([4, 5]);
  socket.forget();
});

test("T9 a paused connection takes nothing until it is resumed, or says how far it came", async () => {
  vi.useFakeTimers();
  const { socket, heard } = client();
  const frames = [Uint8Array.of(1, 1), Uint8Array.of(2, 2), Uint8Array.of(3, 3)];
  socket.pause();
  const late = socket.take(1, frames, 6);
  await vi.advanceTimersByTimeAsync(LIMITS.postHeldMs + 1);
  expect(await late).toBe(0);
  const held = socket.take(1, frames, 6);
  socket.resume();
  expect(await held).toBe(3);
  expect(heard.map(frame => frame[0])).toEqual([1, 2, 3]);
  socket.forget();
  vi.useRealTimers();
});

test("T4 a repetition takes the place of the request that it repeats", async () => {
  const { socket, heard } = client();
  const frames = [Uint8Array.of(1, 1), Uint8Array.of(2, 2)];
  socket.pause();
  const lost = socket.take(1, frames, 4);
  const again = socket.take(1, frames, 4);
  socket.resume();
  expect([await lost, await again]).toEqual([0, 2]);
  expect(heard).toHaveLength(2);
  socket.forget();
});

test("T6 nobody comes back: closed, told of once, forgotten", async () => {
  vi.useFakeTimers();
  const { socket, events, listener } = client();
  const sink = new Sink(socket, "long-poll");
  socket.attach(sink, 0);
  await vi.advanceTimersByTimeAsync(10 * LIMITS.pollResumeMs);
  expect(socket.isOpen).toBe(true);
  socket.detach(sink);
  await vi.advanceTimersByTimeAsync(LIMITS.pollResumeMs - 1);
  expect(socket.isOpen).toBe(true);
  await vi.advanceTimersByTimeAsync(1);
  expect(socket.closeCode).toBe("CONNECTION_LOST");
  expect(events.onGone).toHaveBeenCalledTimes(1);
  vi.useRealTimers();
  await nextTurn();
  expect(listener.onClose).toHaveBeenCalledTimes(1);
});

test("Z7 who is told again and again that it is over does not keep the connection here", async () => {
  vi.useFakeTimers();
  const { socket, events } = client();
  socket.send(Uint8Array.of(1, 1));
  socket.close("TOKEN_INVALID");
  expect(events.onClosed).toHaveBeenCalledTimes(1);
  for (let i = 0; i < 4; i++) {
    const sink = new Sink(socket, "long-poll");
    socket.attach(sink, 0);
    await vi.advanceTimersByTimeAsync(LIMITS.pollResumeMs / 3);
    socket.detach(sink);
  }
  expect(events.onGone).toHaveBeenCalledTimes(1);
  expect(socket.outbound.bytes).toBe(0);
  vi.useRealTimers();
});
