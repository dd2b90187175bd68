import { LIMITS } from "@octavo/schema";
import type { PresenceUser } from "@octavo/schema/protocol";
import { actorOf, type Identity, nameOf } from "../accounts/identity.ts";
import type { Clock } from "../clock.ts";
import { Bytes, Malformed } from "./bytes.ts";
import { LazyMap, LazySet } from "./lazy.ts";
import { Announcement, frameOfWords, type Word } from "./presence-frame.ts";
import { RENEWAL_ROUND_MS, type Renewable, type Renewals } from "./renewals.ts";

/** Where what is said about others goes. */
export interface PresenceListener {
  readonly address: string;
  sendPresence(frame: Uint8Array): void;
}

/** A connection in the room, given by `enter`. */
export interface Seat extends Speaker {
  readonly address: string;
  readonly listener: PresenceListener;
  /** How many came before it, and itself. */
  readonly since: number;
  /** Every id that it ever spoke for. */
  clients: readonly number[];
}

/** Who somebody is, as the server says it. */
export interface Speaker {
  readonly actor: string;
  readonly user: PresenceUser;
}

export interface PresenceSurroundings {
  clock: Clock;
  renewals: Renewals;
  /** Whose a Yjs client id is, by what was written with it. */
  owners: { ownerOf(client: number): string | undefined };
}

/** Largest awareness frame: what the clients of one connection may say at once. */
const FRAME_BYTES = LIMITS.awarenessClients * LIMITS.awarenessStateBytes;
/** What changes within it is told in one frame. 40 ms are less than the eye sees of a caret, and 25 frames a second. */
const WINDOW_MS = 40;
/**
 * States told in one window; more wait for the next. Who spoke in it gets a copy of its own without its own words: a
 * few hundred speakers make of this some 50 MB.
 */
const TOLD_BYTES = 128 * 1024;
/** Ids of who left whose clocks are remembered in a room: who comes back sooner is seen at once. */
const MAX_GONE = 1_000;
const NO_CLIENTS: readonly number[] = [];
const TEXT = new TextEncoder();
const NULL = TEXT.encode("null");
const NOTHING = new Uint8Array(0);
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** A Yjs client id that somebody speaks for. */
interface Voice {
  readonly seat: Seat;
  /** Clock and state as the client said them last. */
  heard: number;
  said: Uint8Array;
  /** Seats given by then: a connection with a later one has come since. */
  heardAtSeat: number;
  /** The state as the others see it. */
  state: Uint8Array;
  /** Clock of the last telling. */
  told: number;
  /** When that was, by the monotonic clock. */
  toldAt: number;
}

/** What is remembered of an id that nobody speaks for any more. */
interface Gone {
  readonly last: Voice["seat"]["since"];
  readonly actor: string;
  readonly heard: number;
  /** Clock of its last state, and that of its farewell. */
  readonly told: number;
  readonly farewell: number;
  readonly atSeat: number;
}

/** How others see this identity. */
export function presenceUserOf(identity: Identity): PresenceUser {
  return {
    id: actorOf(identity).slice(0, 200),
    name: nameOf(identity),
    color: identity.color,
    guest: identity.kind === "guest",
  };
}

/**
 * Who is in one room (docs/spec.md, P rules). Speaks the awareness protocol of y-protocols without its classes:
 * states stay the bytes they came as, and what changed goes to everybody in one frame a window.
 */
export class Presence implements Renewable {
  readonly #clock: Clock;
  readonly #renewals: Renewals;
  readonly #owners: PresenceSurroundings["owners"];
  readonly #seats = new Set<Seat>();
  readonly #voices = new Map<number, Voice>();
  readonly #gone = new LazyMap<number, Gone>();
  /** Bytes of the states that others see, of each actor and of all. */
  readonly #bytesOf = new LazyMap<string, number>();
  #bytes = 0;
  /** Ids to be told of at the end of the window. */
  readonly #changed = new LazySet<number>();
  #seatsEver = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  #telling: { isAtOnce: boolean; cancel(): void } | undefined;

  constructor({ clock, renewals, owners }: PresenceSurroundings) {
    this.#clock = clock;
    this.#renewals = renewals;
    this.#owners = owners;
  }

  /** From here on the listener hears of the others, and first of all who is there. */
  enter(listener: PresenceListener, { actor, user }: Speaker): Seat {
    const { address } = listener;
    const seat: Seat = { address, listener, actor, user, since: ++this.#seatsEver, clients: NO_CLIENTS };
    this.#seats.add(seat);
    const words: Word[] = [];
    for (const [client, voice] of this.#voices) {
      words.push({ client, clock: this.#clockFor(seat, voice), state: voice.state });
    }
    const frame = frameOfWords(address, words);
    if (frame) listener.sendPresence(frame);
    if (this.#seats.size > 1) this.#renewals.add(this);
    return seat;
  }

  /** Takes an awareness frame's content: true when it was well-formed, also where it said nothing of its own. */
  receive(seat: Seat, update: Uint8Array): boolean {
    if (update.length > FRAME_BYTES) return false;
    try {
      const input = new Bytes(update);
      for (let count = input.count(3); count > 0; count--) {
        this.#hear(seat, { client: input.uint(), clock: input.uint(), state: input.block() });
      }
      return input.isAtEnd;
    } catch (error) {
      if (error instanceof Malformed) return false;
      throw error;
    }
  }

  /** Frees the ids of a connection that left, and tells the others at once. */
  leave(seat: Seat): void {
    this.#seats.delete(seat);
    if (this.#seats.size < 2) this.#renewals.delete(this);
    for (const client of seat.clients) {
      const voice = this.#voices.get(client);
      if (voice?.seat === seat) this.#silence(client, voice);
    }
    if (this.#changed.size > 0) this.#tellSoon(true);
  }

  /** All states and farewells but its own, in one frame, for who missed frames; undefined when there is nothing to say. */
  frameOfAll(listener: Seat): Uint8Array | undefined {
    const words: Word[] = [];
    for (const [client, { seat, told, state }] of this.#voices) {
      if (seat !== listener) words.push({ client, clock: told, state });
    }
    for (const [client, { farewell }] of this.#gone) words.push({ client, clock: farewell, state: NULL });
    return frameOfWords(listener.address, words);
  }

  /** Tells again what was not told for a while, whatever the timers of the clients do (a hidden tab's hardly run). */
  renew(): void {
    const before = this.#clock.monotonic() - RENEWAL_ROUND_MS / 2;
    for (const [client, voice] of this.#voices) {
      if (voice.toldAt > before) continue;
      voice.told = this.#laterThan(voice.told);
      this.#change(client, voice.seat);
    }
  }

  stop(): void {
    this.#renewals.delete(this);
    this.#telling?.cancel();
  }

  #hear(seat: Seat, { client, clock, state }: Word): void {
    if (state.length > LIMITS.awarenessStateBytes) return;
    const voice = this.#voices.get(client);
    if (voice?.seat === seat) this.#hearOwn(voice, { client, clock, state });
    else if (this.#maySpeakFor(client, clock, seat)) {
      const content = readState(state);
      if (content === null) return;
      const seen = stamped(content, seat.user);
      if (!this.#hasRoomFor(seat.actor, seen.length - (voice?.state.length ?? 0))) return;
      this.#say(this.#take(seat, client, voice), { client, clock, state }, seen);
    }
  }

  #hearOwn(voice: Voice, word: Word): void {
    const { client, clock, state } = word;
    if (clock < voice.heard) return;
    if (clock > voice.heard && Buffer.compare(state, voice.said) === 0) {
      // A sign of life; for the others the server renews it.
      this.#note(voice, clock);
      return;
    }
    const content = readState(state);
    if (content === null) {
      this.#note(voice, clock);
      this.#silence(client, voice);
    } else if (clock > voice.heard) {
      const seen = stamped(content, voice.seat.user);
      if (this.#hasRoomFor(voice.seat.actor, seen.length - voice.state.length)) this.#say(voice, word, seen);
    }
  }

  #say(voice: Voice, { client, clock, state }: Word, seen: Uint8Array): void {
    this.#note(voice, clock);
    // The bytes are a view of the frame.
    voice.said = new Uint8Array(state);
    this.#count(voice.seat.actor, seen.length - voice.state.length);
    voice.state = seen;
    this.#change(client, voice.seat);
  }

  #hasRoomFor(actor: string, more: number): boolean {
    if (more <= 0) return true;
    const ofActor = this.#bytesOf.get(actor) ?? 0;
    return ofActor + more <= LIMITS.awarenessActorBytes && this.#bytes + more <= LIMITS.awarenessRoomBytes;
  }

  #count(actor: string, more: number): void {
    this.#bytes += more;
    const ofActor = (this.#bytesOf.get(actor) ?? 0) + more;
    if (ofActor > 0) this.#bytesOf.set(actor, ofActor);
    else this.#bytesOf.delete(actor);
  }

  #note(voice: Voice, clock: number): void {
    voice.heard = clock;
    voice.heardAtSeat = this.#seatsEver;
  }

  /**
   * Whether a connection may begin to speak for an id. What it was itself told by the server it may only be
   * repeating, as y-websocket's clients do with everything they hear.
   */
  #maySpeakFor(client: number, clock: number, seat: Seat): boolean {
    if (!seat.clients.includes(client) && seat.clients.length >= LIMITS.awarenessClients) return false;
    const owner = this.#owners.ownerOf(client);
    if (owner !== undefined && owner !== seat.actor) return false;
    const voice = this.#voices.get(client);
    if (voice !== undefined) {
      // The same person, reconnected before the old socket was found dead.
      const isNewer = clock > voice.heard && clock !== voice.told;
      return voice.seat.actor === seat.actor && seat.since > voice.heardAtSeat && isNewer;
    }
    const gone = this.#gone.get(client);
    if (gone === undefined || seat.since > gone.atSeat) return true;
    if (clock <= gone.heard) return false;
    return gone.last === seat.since || (gone.actor === seat.actor && clock !== gone.told);
  }

  #take(seat: Seat, client: number, before: Voice | undefined): Voice {
    // A copy is as long as it has to be; `push` takes places for 17.
    if (!seat.clients.includes(client)) seat.clients = [...seat.clients, client];
    const told = this.#laterThan(before?.told ?? this.#gone.get(client)?.farewell ?? 0);
    this.#gone.delete(client);
    if (before) this.#count(before.seat.actor, -before.state.length);
    const toldAt = Number.NEGATIVE_INFINITY;
    const voice = { seat, heard: 0, heardAtSeat: 0, said: NULL, state: NOTHING, told, toldAt };
    this.#voices.set(client, voice);
    return voice;
  }

  #silence(client: number, { seat, heard, told, state }: Voice): void {
    this.#voices.delete(client);
    this.#count(seat.actor, -state.length);
    this.#gone.set(client, {
      last: seat.since,
      actor: seat.actor,
      heard,
      told,
      farewell: this.#laterThan(told),
      atSeat: this.#seatsEver,
    });
    for (const oldest of this.#gone.keys()) {
      if (this.#gone.size <= MAX_GONE) break;
      this.#gone.delete(oldest);
    }
    this.#change(client, seat);
  }

  #change(client: number, by: Seat): void {
    const others = this.#seats.size - (this.#seats.has(by) ? 1 : 0);
    if (others === 0) return;
    this.#changed.add(client);
    this.#tellSoon(false);
  }

  /** At once after quiet, else at the end of the window. */
  #tellSoon(mustBeAtOnce: boolean): void {
    const waitMs = this.#toldAt + WINDOW_MS - this.#clock.monotonic();
    const isAtOnce = mustBeAtOnce || waitMs <= 0;
    if (this.#telling !== undefined && (this.#telling.isAtOnce || !isAtOnce)) return;
    this.#telling?.cancel();
    const tell = () => this.#tell();
    if (isAtOnce) {
      const immediate = setImmediate(tell);
      this.#telling = { isAtOnce, cancel: () => clearImmediate(immediate) };
    } else {
      const timer = setTimeout(tell, waitMs);
      this.#telling = { isAtOnce, cancel: () => clearTimeout(timer) };
    }
  }

  #tell(): void {
    this.#telling = undefined;
    this.#toldAt = this.#clock.monotonic();
    const words = this.#takeWords();
    if (words.size === 0) return;
    const announcement = new Announcement(words);
    for (const seat of this.#seats) {
      const frame = announcement.frameFor(seat);
      if (frame) seat.listener.sendPresence(frame);
    }
    if (this.#changed.size > 0) this.#tellSoon(false);
  }

  /** What is told now, by who said it: every farewell, and of the states as many as one window takes. */
  #takeWords(): Map<Seat | undefined, Word[]> {
    const words = new Map<Seat | undefined, Word[]>();
    let bytes = 0;
    for (const client of this.#changed) {
      const speaker = this.#voices.get(client)?.seat;
      if (speaker !== undefined && bytes >= TOLD_BYTES) continue;
      this.#changed.delete(client);
      const word = this.#wordOf(client);
      if (word === undefined) continue;
      if (speaker !== undefined) bytes += word.state.length;
      const own = words.get(speaker);
      if (own) own.push(word);
      else words.set(speaker, [word]);
    }
    return words;
  }

  #wordOf(client: number): Word | undefined {
    const voice = this.#voices.get(client);
    if (voice === undefined) {
      const gone = this.#gone.get(client);
      return gone && { client, clock: gone.farewell, state: NULL };
    }
    voice.told++;
    voice.toldAt = this.#toldAt;
    return { client, clock: voice.told, state: voice.state };
  }

  /** The clock that who enters is told. */
  #clockFor(seat: Seat, voice: Voice): number {
    // It may be its own client's, which would take a higher clock's state for newer than what it has itself.
    if (seat.actor === voice.seat.actor) return Math.max(1, Math.min(voice.heard, voice.told));
    voice.told = this.#laterThan(voice.told);
    return voice.told;
  }

  /**
   * A clock after this one where the server has something to say of itself. It follows the time, counted in windows:
   * receivers remember the clocks they were told for longer than rooms and servers live.
   */
  #laterThan(told: number): number {
    return Math.max(told + 1, Math.floor(this.#clock.now() / WINDOW_MS));
  }
}

/** @throws Malformed for what is neither an object nor null */
function readState(bytes: Uint8Array): object | null {
  let state: unknown;
  try {
    state = JSON.parse(UTF8.decode(bytes));
  } catch {
    throw new Malformed("a state that is not JSON");
  }
  if (typeof state !== "object" || Array.isArray(state)) throw new Malformed("a state that is no object");
  return state;
}

function stamped(state: object, user: PresenceUser): Uint8Array {
  return TEXT.encode(JSON.stringify({ ...state, user }));
}
