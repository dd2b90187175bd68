import type { ErrorCode } from "@octavo/schema";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import { eventually } from "@octavo/test-kit";
import type { ClientSocket, LiveRooms, SocketListener } from "../../src/documents/client-socket.ts";
import { written } from "../bytes.ts";

/** A connection straight into the rooms, without a network: fast enough for a million frames. Nothing it is sent is kept. */
export class HostileSocket implements ClientSocket {
  readonly bufferedBytes = 0;
  readonly documentId: string;
  isOpen = true;
  isPaused = false;
  isTrusted = false;
  closeCode: ErrorCode | undefined;
  acks = 0;
  readonly #listener: SocketListener;

  constructor(rooms: LiveRooms, documentId: string, token: string) {
    this.documentId = documentId;
    this.#listener = rooms.connect(this, {
      documentId,
      handshake: { schema: SCHEMA_VERSION },
      headers: new Headers(),
      address: "127.0.0.1",
    });
    this.give(written(documentId, 2, 0, token));
  }

  /** Resolves when the rooms let it in, or sent it away. */
  async entered(): Promise<void> {
    await eventually(() => this.isTrusted || !this.isOpen, { what: "the door" });
  }

  /** A frame as if it came over the network. */
  give(frame: Uint8Array): void {
    if (this.isOpen) this.#listener.onFrame(frame);
  }

  leave(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#listener.onClose();
  }

  send(frame: Uint8Array): void {
    // SyncStatus is the last message type and one byte long.
    if (frame.at(-2) === 8 && frame.length === this.documentId.length + 3) this.acks++;
  }

  close(code?: ErrorCode): void {
    if (!this.isOpen) return;
    this.closeCode = code;
    this.isOpen = false;
    this.#listener.onClose();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  trust(): void {
    this.isTrusted = true;
  }
}
