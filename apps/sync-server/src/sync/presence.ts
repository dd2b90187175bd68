import { LIMITS } from "@octavo/schema";
import type { PresenceUser } from "@octavo/schema/protocol";
import { createEncoder, toUint8Array, writeVarString, writeVarUint } from "lib0/encoding";
import { applyAwarenessUpdate } from "y-protocols/awareness";
import { actorOf, type Identity, nameOf } from "../accounts/identity.ts";
import { Bytes, Malformed } from "./bytes.ts";
import { awarenessFrame, type HocuspocusConnection, type HocuspocusDocument } from "./upstream.ts";

/** A connection as presence knows it. */
export interface Speaker {
  readonly actor: string;
  readonly user: PresenceUser;
  readonly connection: HocuspocusConnection;
}

/** Largest awareness frame: what the clients of one connection may say at once. */
const FRAME_BYTES = LIMITS.awarenessClients * LIMITS.awarenessStateBytes;

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
 * Who is in one room. Says itself who somebody is, and lets a connection speak only for Yjs client ids of its
 * own: the first to use an id, until it leaves. Works on awareness frames (y-protocols `awareness.js`) without
 * the scratch document that Hocuspocus makes for each, in which removals are lost.
 */
export class Presence {
  readonly #document: HocuspocusDocument;
  readonly #ownerOf: (client: number) => string | undefined;
  readonly #speakers = new Map<number, Speaker>();

  constructor(document: HocuspocusDocument, ownerOf: (client: number) => string | undefined) {
    this.#document = document;
    this.#ownerOf = ownerOf;
  }

  /** Takes an awareness frame's content: true when it was well-formed, also where it said nothing of its own. */
  receive(speaker: Speaker, update: Uint8Array): boolean {
    if (update.length > FRAME_BYTES) return false;
    try {
      const own = this.#readOwn(speaker, update);
      if (own.length > 0) {
        const origin = { source: "connection", connection: speaker.connection };
        applyAwarenessUpdate(this.#document.awareness, encodeStates(own), origin);
      }
      return true;
    } catch (error) {
      if (error instanceof Malformed) return false;
      throw error;
    }
  }

  /** Everybody's state in one frame, for who missed frames; undefined when nobody is there. */
  frameOfAll(address: string): Uint8Array | undefined {
    return awarenessFrame(address, this.#document);
  }

  /** Frees the ids of a connection that left; Hocuspocus tells the others. */
  leave(speaker: Speaker): void {
    for (const [client, other] of this.#speakers) if (other === speaker) this.#speakers.delete(client);
  }

  #readOwn(speaker: Speaker, update: Uint8Array): ClientState[] {
    const input = new Bytes(update);
    const own: ClientState[] = [];
    for (let count = input.count(3); count > 0; count--) {
      const client = input.uint();
      const clock = input.uint();
      const state = input.block();
      // A clock near its end would freeze the id, and others' states are not this connection's to say.
      if (clock >= LIMITS.clockMax || state.length > LIMITS.awarenessStateBytes) continue;
      const content = readState(state);
      if (!this.#mayNowSpeakFor(speaker, client, content !== null)) continue;
      own.push({ client, clock, state: content && { ...content, user: speaker.user } });
    }
    if (!input.isAtEnd) throw new Malformed("bytes after the end");
    return own;
  }

  #mayNowSpeakFor(speaker: Speaker, client: number, isPresent: boolean): boolean {
    const current = this.#speakers.get(client);
    if (current === speaker) return true;
    const owner = this.#ownerOf(client);
    if (!isPresent || (owner !== undefined && owner !== speaker.actor)) return false;
    // The same person, reconnected before the old socket was found dead.
    if (current && current.actor !== speaker.actor) return false;
    const ids = this.#idsOf(speaker);
    if (ids === undefined || ids.size >= LIMITS.awarenessClients) return false;
    if (current) this.#idsOf(current)?.delete(client);
    ids.add(client);
    this.#speakers.set(client, speaker);
    return true;
  }

  /** The ids that Hocuspocus removes when the connection closes. */
  #idsOf(speaker: Speaker): Set<number> | undefined {
    return this.#document.connections.get(speaker.connection)?.clients;
  }
}

interface ClientState {
  client: number;
  clock: number;
  state: object | null;
}

function readState(bytes: Uint8Array): object | null {
  let state: unknown;
  try {
    state = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Malformed("a state that is not JSON");
  }
  if (typeof state !== "object" || Array.isArray(state)) throw new Malformed("a state that is no object");
  return state;
}

function encodeStates(states: readonly ClientState[]): Uint8Array {
  const encoder = createEncoder();
  writeVarUint(encoder, states.length);
  for (const { client, clock, state } of states) {
    writeVarUint(encoder, client);
    writeVarUint(encoder, clock);
    writeVarString(encoder, JSON.stringify(state));
  }
  return toUint8Array(encoder);
}
