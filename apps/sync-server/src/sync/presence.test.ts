import { LIMITS } from "@octavo/schema";
import { createRandom, type Random, seedMessage } from "@octavo/test-kit";
import { createDecoder, readVarString, readVarUint, readVarUint8Array } from "lib0/decoding";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from "y-protocols/awareness";
import { Doc } from "yjs";
import { written } from "../../test/bytes.ts";
import { Presence, type Seat } from "./presence.ts";
import { Renewals } from "./renewals.ts";

// Before y-protocols is loaded: it keeps the `Date.now` that it finds.
vi.hoisted(() => vi.useFakeTimers({ now: 1_800_000_000_000 }));

const ADDRESS = "document";
const LATENCY_MS = 20;
const WINDOW_MS = 40;
const userOf = (name: string) => ({ id: `user:${name}`, name, color: 1, guest: false });

interface PersonOptions {
  /** y-websocket's clients send on to the server whatever they hear. */
  repeats?: boolean;
  /** A hidden tab, in which timers run once a minute. */
  hidden?: boolean;
}

/** Somebody with the awareness that stock providers have, on a line with a delay. */
class Person {
  readonly name: string;
  readonly awareness = new Awareness(new Doc());
  /** Frames that came, and ids that were seen to go. */
  frames: Uint8Array[] = [];
  gone: number[] = [];
  seat: Seat | undefined;
  isDeaf = false;
  readonly #repeats: boolean;
  /** Of the present connection; what is under way on an older one is lost. */
  #line: object | undefined;

  constructor(name: string, { repeats = false, hidden = false }: PersonOptions = {}) {
    this.name = name;
    this.#repeats = repeats;
    this.awareness.on(
      "update",
      (changes: Record<"added" | "updated" | "removed", number[]>, origin: unknown) => {
        this.gone.push(...changes.removed);
        if (origin === this && !this.#repeats) return;
        this.#say([...changes.added, ...changes.updated, ...changes.removed]);
      },
    );
    if (hidden) {
      clearInterval(this.awareness._checkInterval as NodeJS.Timeout);
      setInterval(() => this.awareness.setLocalState(this.awareness.getLocalState()), 60_000);
    }
    people.push(this);
  }

  get id(): number {
    return this.awareness.clientID;
  }

  /** What this person sees of the others, by their ids. */
  get seen(): Map<number, Record<string, unknown>> {
    const states = new Map(this.awareness.getStates());
    states.delete(this.id);
    return states;
  }

  join(room = presence): this {
    const line = {};
    this.#line = line;
    const listener = { address: ADDRESS, sendPresence: (frame: Uint8Array) => this.#arrive(line, frame) };
    const seat = room.enter(listener, { actor: `user:${this.name}`, user: userOf(this.name) });
    seats.set(seat, room);
    this.seat = seat;
    if (this.awareness.getLocalState() !== null) this.#say([this.id]);
    return this;
  }

  /** The client knows that it is no longer connected; the server may find out later. */
  disconnect(): Seat {
    const seat = this.seat!;
    this.seat = undefined;
    this.#line = undefined;
    removeAwarenessStates(this.awareness, [...this.seen.keys()], this);
    return seat;
  }

  leave(): void {
    const seat = this.disconnect();
    seats.get(seat)!.leave(seat);
    seats.delete(seat);
  }

  point(cursor: number): void {
    this.awareness.setLocalStateField("cursor", cursor);
  }

  #say(clients: number[]): void {
    const { seat } = this;
    if (seat === undefined || clients.length === 0) return;
    const update = encodeAwarenessUpdate(this.awareness, clients);
    setTimeout(() => {
      if (seats.has(seat)) expect(seats.get(seat)!.receive(seat, update)).toBe(true);
    }, LATENCY_MS);
  }

  #arrive(line: object, frame: Uint8Array): void {
    setTimeout(() => {
      if (this.#line !== line || this.isDeaf) return;
      this.frames.push(frame);
      applyAwarenessUpdate(this.awareness, updateIn(frame), this);
    }, LATENCY_MS);
  }
}

function updateIn(frame: Uint8Array): Uint8Array {
  const decoder = createDecoder(frame);
  expect([readVarString(decoder), readVarUint(decoder)]).toEqual([ADDRESS, 1]);
  return readVarUint8Array(decoder);
}

const clock = { now: () => Date.now(), monotonic: () => Date.now() };
const newRoom = () => new Presence({ clock, renewals: new Renewals(), owners: { ownerOf: () => undefined } });
const pass = (ms: number) => vi.advanceTimersByTime(ms);
/** Everything said is told and has arrived. */
const settle = () => pass(2 * LATENCY_MS + 2 * WINDOW_MS);

let presence: Presence;
let people: Person[] = [];
const seats = new Map<Seat, Presence>();

beforeEach(() => {
  presence = newRoom();
});

afterEach(() => {
  for (const { awareness } of people) awareness.destroy();
  people = [];
  seats.clear();
  vi.clearAllTimers();
});

/** Everybody sees everybody else as they are, under the server's name for them, and nobody else. */
function expectAgreement(): void {
  const present = people.filter(person => person.seat !== undefined);
  for (const listener of present) {
    const others = present.filter(other => other !== listener && other.awareness.getLocalState() !== null);
    const expected = others.map(other => [
      other.id,
      { ...other.awareness.getLocalState(), user: userOf(other.name) },
    ]);
    expect(listener.seen, listener.name).toEqual(new Map(expected as [number, object][]));
  }
}

test("P10 who joins is told of everybody in one frame, and everybody of who joins", () => {
  const [alice, bob] = [new Person("alice").join(), new Person("bob").join()];
  alice.point(1);
  settle();
  bob.frames = [];
  const carol = new Person("carol").join();
  settle();
  expectAgreement();
  expect([carol.frames.length, bob.frames.length]).toEqual([1, 1]);
});

test("P11 many changes go to each other in one frame a window, the latest state wins, nobody hears itself", () => {
  const crowd = Array.from({ length: 20 }, (_, i) => new Person(`person ${i}`).join());
  settle();
  for (const person of crowd) person.frames = [];
  // Everybody moves every 10 ms for a second.
  for (let move = 0; move < 100; move++) {
    for (const person of crowd) person.point(move);
    pass(10);
  }
  settle();
  expectAgreement();
  for (const person of crowd) {
    expect(person.frames.length).toBeGreaterThan(20);
    expect(person.frames.length).toBeLessThanOrEqual(1000 / WINDOW_MS + 3);
    const told = person.frames.flatMap(frame => statesIn(frame));
    expect(told.some(({ client }) => client === person.id)).toBe(false);
  }
});

test("P11 a change after quiet goes out in the same turn", () => {
  const [alice, bob] = [new Person("alice").join(), new Person("bob").join()];
  settle();
  pass(1000);
  alice.point(5);
  pass(2 * LATENCY_MS + 1);
  expect(bob.seen.get(alice.id)).toMatchObject({ cursor: 5 });
});

test("P4 who leaves is gone for the others in the same turn, in the middle of a window too", () => {
  const [alice, bob, carol] = ["alice", "bob", "carol"].map(name => new Person(name).join()) as Person[];
  settle();
  carol!.point(1);
  pass(LATENCY_MS + 1);
  alice!.leave();
  pass(LATENCY_MS + 1);
  expect([...bob!.seen.keys()]).toEqual([carol!.id]);
});

test("P11 who is alone is told nothing, and gets what it says never back", () => {
  const alice = new Person("alice").join();
  for (let move = 0; move < 100; move++) {
    alice.point(move);
    pass(1000);
  }
  expect(alice.frames).toEqual([]);
});

test("P12 signs of life of a client are not passed on; the server renews states itself, 30 s are never reached", () => {
  const visible = new Person("visible").join();
  const hidden = new Person("hidden", { hidden: true }).join();
  const silent = new Person("silent").join();
  clearInterval(silent.awareness._checkInterval as NodeJS.Timeout);
  settle();
  for (const person of people) {
    person.frames = [];
    person.gone = [];
  }
  pass(10 * 60_000);
  expectAgreement();
  for (const person of [visible, hidden, silent]) {
    expect(person.gone).toEqual([]);
    // Once a round, and no more.
    expect(person.frames.length).toBeLessThanOrEqual(41);
    expect(person.frames.length).toBeGreaterThan(20);
  }
});

test("P12 a state that did not change costs no JSON", () => {
  const alice = new Person("alice").join();
  new Person("bob").join();
  settle();
  const parse = vi.spyOn(JSON, "parse");
  const stringify = vi.spyOn(JSON, "stringify");
  const seat = alice.seat!;
  const update = (times: number) => written(1, alice.id, 1_000 + times, "{}");
  presence.receive(seat, update(0));
  const before = [parse.mock.calls.length, stringify.mock.calls.length];
  for (let times = 1; times < 100; times++) presence.receive(seat, update(times));
  expect([parse.mock.calls.length, stringify.mock.calls.length]).toEqual(before);
  vi.restoreAllMocks();
});

test.each(["y-websocket", "hocuspocus"])(
  "P13 after a restart of the server or of the room everybody sees everybody at once (%s)",
  kind => {
    const repeats = kind === "y-websocket";
    const [alice, bob] = ["alice", "bob"].map(name => new Person(name, { repeats }).join()) as Person[];
    for (let move = 0; move < 500; move++) {
      alice!.point(move);
      pass(50);
    }
    settle();
    for (const person of [alice!, bob!]) person.leave();
    const restarted = newRoom();
    for (const person of [alice!, bob!]) person.join(restarted);
    settle();
    expectAgreement();
  },
);

test("P13 a clock near its end freezes nobody", () => {
  const listener = new Person("listener").join();
  const mallory = new Person("mallory");
  const alice = new Person("alice");
  mallory.join();
  presence.receive(mallory.seat!, written(1, alice.id, Number.MAX_SAFE_INTEGER, "{}"));
  settle();
  expect(listener.seen.get(alice.id)).toEqual({ user: userOf("mallory") });
  mallory.leave();
  alice.join().point(1);
  settle();
  alice.point(2);
  settle();
  expect(listener.seen.get(alice.id)).toEqual({ cursor: 2, user: userOf("alice") });
});

test("P5 a person on a new socket takes over with the first new word, and keeps what it says", () => {
  const [alice, bob] = [new Person("alice").join(), new Person("bob").join()];
  alice.point(1);
  settle();
  const old = alice.disconnect();
  alice.point(2);
  alice.join();
  settle();
  expectAgreement();
  expect(alice.awareness.getLocalState()).toEqual({ cursor: 2 });
  presence.leave(old);
  seats.delete(old);
  settle();
  expectAgreement();
  expect(bob.gone).toEqual([]);
});

test("P2 a tab that only repeats what it was told speaks for nobody, of the same person neither", () => {
  const first = new Person("alice", { repeats: true }).join();
  const second = new Person("alice", { repeats: true }).join();
  const bob = new Person("bob").join();
  for (let move = 0; move < 20; move++) {
    first.point(move);
    pass(15);
  }
  settle();
  pass(60_000);
  expectAgreement();
  // A state on its way to the second tab when the first leaves comes back too late.
  first.point(100);
  pass(LATENCY_MS + 1);
  first.leave();
  settle();
  pass(60_000);
  expectAgreement();
  expect([...bob.seen.keys()]).toEqual([second.id]);
});

test("P7 a connection speaks for no more than its number of ids in all its life", () => {
  const bob = new Person("bob").join();
  const mallory = new Person("mallory").join();
  settle();
  for (let id = 1; id <= 200; id++) {
    presence.receive(mallory.seat!, written(1, id, 1, "{}"));
    presence.receive(mallory.seat!, written(1, id, 2, "null"));
  }
  settle();
  presence.receive(mallory.seat!, written(1, 300, 1, "{}"));
  settle();
  expect([...bob.seen.keys()]).toEqual([mallory.id]);
});

test("P15 what one person says is bounded over all connections, and leaving makes room; others are heard", () => {
  const bob = new Person("bob").join();
  const size = 4_000;
  const loud = Array.from({ length: 30 }, () => new Person("mallory").join());
  for (const [i, one] of loud.entries()) {
    presence.receive(one.seat!, written(1, i + 1, 1, JSON.stringify({ x: "x".repeat(size) })));
  }
  settle();
  const heard = () => [...bob.seen.values()].filter(state => "x" in state).length;
  const most = heard();
  expect(most).toBeGreaterThan(10);
  expect(most * size).toBeLessThanOrEqual(LIMITS.awarenessActorBytes);
  // Growing a state that was heard counts too.
  presence.receive(loud[29]!.seat!, written(1, 1_000, 1, '{"x":1}'));
  presence.receive(loud[29]!.seat!, written(1, 1_000, 2, JSON.stringify({ x: "x".repeat(size) })));
  const carol = new Person("carol").join();
  settle();
  expect(heard()).toBe(most);
  expect(bob.seen.get(carol.id)).toBeDefined();
  for (const one of loud.slice(0, most)) one.leave();
  for (const [i, one] of loud.slice(most, most + 5).entries()) {
    presence.receive(one.seat!, written(1, 2_000 + i, 1, JSON.stringify({ x: "x".repeat(size) })));
  }
  settle();
  expect(heard()).toBe(5);
});

test("P16 a window tells so much, a farewell at once, and all get to know all in the end", () => {
  const bob = new Person("bob").join();
  const loud = Array.from({ length: 60 }, (_, i) => new Person(`person ${i}`).join());
  settle();
  bob.frames = [];
  for (const [i, one] of loud.entries()) {
    for (let client = 1; client <= 10; client++) {
      presence.receive(one.seat!, written(1, 100 * i + client, 1, JSON.stringify({ x: "x".repeat(3_000) })));
    }
  }
  loud[59]!.leave();
  pass(LATENCY_MS + 1);
  expect(bob.gone).toContain(loud[59]!.id);
  pass(5_000);
  expect(Math.max(...bob.frames.map(({ length }) => length))).toBeLessThan(160 * 1024);
  expect([...bob.seen.values()].filter(state => "x" in state)).toHaveLength(590);
});

test("B3 who missed frames learns in one who is there and who left", () => {
  const [alice, bob, carol] = ["alice", "bob", "carol"].map(name => new Person(name).join()) as Person[];
  settle();
  // Bob's line does not take anything for a while.
  bob!.isDeaf = true;
  carol!.leave();
  alice!.point(7);
  settle();
  bob!.isDeaf = false;
  applyAwarenessUpdate(bob!.awareness, updateIn(presence.frameOfAll(bob!.seat!)!), bob);
  expectAgreement();
});

test("P14 whatever people do, in the end all see the same", { timeout: 120_000 }, () => {
  const rounds = process.env.OCTAVO_LONG ? 2_000 : 60;
  let frames = 0;
  for (let round = 0; round < rounds; round++) {
    const random = createRandom(round + 1);
    try {
      live(random);
    } catch (error) {
      throw new Error(seedMessage(random), { cause: error });
    }
    for (const person of people) {
      frames += person.frames.length;
      person.awareness.destroy();
    }
    people = [];
    seats.clear();
    vi.clearAllTimers();
  }
  expect(frames).toBeGreaterThan(rounds * 20);
});

function live(random: Random): void {
  let room = newRoom();
  const halfOpen: Seat[] = [];
  for (let i = 0; i < 5; i++) {
    // Two of them are tabs of one person.
    new Person(`person ${i % 4}`, { repeats: random.bool(0.4), hidden: random.bool(0.2) });
  }
  for (let step = 0; step < 80; step++) {
    const person = random.pick(people);
    const act = random.weighted<() => void>([
      [8, () => person.point(step)],
      [2, () => person.awareness.setLocalState(null)],
      [2, () => person.awareness.setLocalState({})],
      [4, () => (person.seat ? person.leave() : person.join(room))],
      // The network changed: the server does not know yet.
      [1, () => person.seat && halfOpen.push(person.disconnect())],
      [1, () => halfOpen.splice(0).forEach(close)],
    ]);
    act();
    pass(
      random.weighted([
        [4, 0],
        [4, random.int(1, 60)],
        [1, random.int(100, 40_000)],
      ]),
    );
    if (random.bool(0.02)) {
      // The server restarts.
      for (const one of people) if (one.seat) one.leave();
      halfOpen.splice(0).forEach(close);
      room = newRoom();
    }
  }
  halfOpen.splice(0).forEach(close);
  for (const person of people) if (!person.seat) person.join(room);
  // A minute: for those whose client takes so long for its next word.
  pass(61_000);
  settle();
  expectAgreement();
}

function close(seat: Seat): void {
  seats.get(seat)!.leave(seat);
  seats.delete(seat);
}

/** The words in a frame. */
function statesIn(frame: Uint8Array): { client: number; state: unknown }[] {
  const decoder = createDecoder(updateIn(frame));
  return Array.from({ length: readVarUint(decoder) }, () => {
    const client = readVarUint(decoder);
    readVarUint(decoder);
    return { client, state: JSON.parse(readVarString(decoder)) };
  });
}
