import type { ClientSocket } from "../documents/client-socket.ts";

/** What goes to one connection of a room, and what does not while it does not read (docs/spec.md, B rules). */
export class Reader {
  readonly #socket: ClientSocket;

  constructor(socket: ClientSocket) {
    this.#socket = socket;
  }

  sendPresence(frame: Uint8Array): void {
    this.#socket.send(frame);
  }
}
