import type { Random } from "@octavo/test-kit";
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from "yjs";
import { written } from "../bytes.ts";
import type { SyncServer } from "../harness.ts";
import { randomEdit } from "../random-edits.ts";
import { HostileSocket } from "./hostile-socket.ts";

/** Frames kept to be sent again, cut or joined. */
const RECENT = 60;

/** A member who edits like everybody, and sends what nobody should between the edits. */
export class Attacker {
  readonly socket: HostileSocket;
  readonly #document = new Doc();
  readonly #documentId: string;
  readonly #random: Random;
  readonly #recent: Uint8Array[] = [];

  private constructor(server: SyncServer, documentId: string, token: string, random: Random) {
    this.#documentId = documentId;
    this.#random = random;
    this.socket = new HostileSocket(server.rooms, documentId, token);
  }

  /** Let in, with the document as it is now. */
  static async enter(
    server: SyncServer,
    documentId: string,
    token: string,
    random: Random,
  ): Promise<Attacker> {
    const attacker = new Attacker(server, documentId, token, random);
    await attacker.socket.entered();
    const { update } = await server.rooms.readState(documentId);
    applyUpdate(attacker.#document, update, "server");
    attacker.#document.clientID = random.uint32();
    attacker.#document.on("update", (bytes: Uint8Array) => attacker.#remember(attacker.#sync(2, bytes)));
    return attacker;
  }

  /** The next frame: most are nearly right, because what is plainly wrong ends the connection and reaches nothing. */
  frame(): Uint8Array {
    const random = this.#random;
    if (random.bool(0.15) || this.#recent.length === 0) {
      randomEdit(this.#document, random);
      const latest = this.#recent.at(-1);
      if (latest && random.bool(0.6)) return latest;
    }
    // What was refused leaves a gap; a step 2 fills it, and takes the refusal back.
    if (random.bool(0.08)) return this.#sync(1, encodeStateAsUpdate(this.#document));
    const frame = random.bool(0.85) && this.#recent.length > 0 ? random.pick(this.#recent) : this.#other();
    return random.weighted<() => Uint8Array>([
      [2, () => frame],
      [10, () => this.#mutatedInside(frame)],
      [2, () => this.#mutated(frame)],
      [1, () => this.#spliced(frame)],
      [0.2, () => random.bytes(random.int(0, 200))],
    ])();
  }

  #remember(frame: Uint8Array): void {
    this.#recent.push(frame);
    if (this.#recent.length > RECENT) this.#recent.shift();
  }

  /** What else a client may say, and what only a server may. */
  #other(): Uint8Array {
    const random = this.#random;
    const address = this.#documentId;
    const client = random.pick([this.#document.clientID, ...this.#document.store.clients.keys()]);
    return random.pick<() => Uint8Array>([
      () => this.#sync(0, encodeStateVector(this.#document)),
      () => this.#awareness(client, '{"cursor":{"anchor":{"type":null},"head":{}},"user":{"name":"eve"}}'),
      () => this.#awareness(client, "null"),
      () => written(address, 2, 0, "another token"),
      () => written(address, 3),
      () => written(address, 5, '{"type":"role","role":"owner"}'),
      () => written(address, 6, "to all"),
      () => written(address, 8, 1),
    ])();
  }

  #sync(type: number, content: Uint8Array): Uint8Array {
    return written(this.#documentId, 0, type, content.length, content);
  }

  #awareness(client: number, state: string): Uint8Array {
    const content = written(1, client, this.#random.int(0, 2 ** 31), state);
    return written(this.#documentId, 1, content.length, content);
  }

  #mutated(frame: Uint8Array, from = 0): Uint8Array {
    const random = this.#random;
    const bytes = Uint8Array.from(frame);
    for (let times = random.int(1, 3); times > 0; times--) {
      const at = random.int(Math.min(from, bytes.length - 1), bytes.length - 1);
      bytes[at] = random.weighted([
        [2, () => random.int(0, 255)],
        [3, () => bytes[at]! ^ (1 << random.int(0, 7))],
        [3, () => (bytes[at]! + random.pick([-1, 1])) & 0xff],
      ])();
    }
    return bytes;
  }

  /** Leaves address, types and length as they are, so that the content itself is looked at. */
  #mutatedInside(frame: Uint8Array): Uint8Array {
    const head = this.#documentId.length + 4;
    return frame.length > head ? this.#mutated(frame, head) : this.#mutated(frame);
  }

  #spliced(frame: Uint8Array): Uint8Array {
    const random = this.#random;
    const other = this.#recent.length > 0 ? random.pick(this.#recent) : frame;
    const [from, to] = [random.int(0, frame.length), random.int(0, other.length)];
    return Uint8Array.from([...frame.subarray(0, from), ...other.subarray(to)]);
  }
}
