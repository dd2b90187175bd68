import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Doc } from "yjs";
import type { Checkpoints } from "./checkpoints.ts";
import { OpenRoom } from "./open-room.ts";
import type { Presence } from "./presence.ts";
import type { Room } from "./room.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("S2 while people write, text listeners hear of it once a second", () => {
  const room = { documentId: "d", document: new Doc(), followers: new Set() };
  let heard = 0;
  const open = new OpenRoom(room as unknown as Room, {
    presence: {} as Presence,
    checkpoints: {} as Checkpoints,
    clock: { now: () => 0, monotonic: () => 0 },
    onText: () => heard++,
    onError: () => {},
  });
  for (let ms = 0; ms < 5_000; ms += 50) {
    open.applied([]);
    vi.advanceTimersByTime(50);
  }
  expect(heard).toBe(5);
});
