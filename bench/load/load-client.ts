import { createEncoder, length, writeVarString } from "lib0/encoding";
import type { Address } from "../targets.ts";
import {
  authFrame,
  awarenessFrame,
  contentOf,
  type FrameKind,
  kindOf,
  stepOneFrame,
  updateFrame,
} from "./frames.ts";
import { LightSocket } from "./light-socket.ts";

/** The vector of somebody who has nothing. */
const NOTHING = Uint8Array.of(0);

/**
 * One person's connection, without a document behind it: says who it is, asks for the state, and from then on counts
 * what comes. Tells `onContent` the content of sync step 2s and updates where a scenario wants it.
 */
export class LoadClient {
  readonly address: Address;
  readonly counts: Record<FrameKind, number> = {
    step1: 0,
    step2: 0,
    update: 0,
    awareness: 0,
    authenticated: 0,
    denied: 0,
    ack: 0,
    refusal: 0,
    other: 0,
  };
  onContent: ((content: Uint8Array, kind: "step2" | "update") => void) | undefined;
  onAwareness: ((content: Uint8Array) => void) | undefined;
  onAck: (() => void) | undefined;
  onClose: (() => void) | undefined;
  /** What this person has already; asked for is the rest. */
  vector = NOTHING;
  readonly #addressBytes: number;
  readonly #forwardedFor: string;
  #socket: LightSocket | undefined;
  #bytesBefore = 0;
  #synced = Promise.withResolvers<void>();

  constructor(address: Address, number: number) {
    this.address = address;
    const encoder = createEncoder();
    writeVarString(encoder, address.document);
    this.#addressBytes = length(encoder);
    // Everybody comes from a network of their own, as behind a reverse proxy.
    this.#forwardedFor = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
  }

  /** Connects and resolves with the answer to sync step 1. */
  async join(): Promise<void> {
    const { url, document, token } = this.address;
    const { port, pathname, search } = new URL(url);
    this.#synced = Promise.withResolvers<void>();
    this.#synced.promise.catch(() => {});
    const socket = new LightSocket({
      port: Number(port),
      path: pathname + search,
      forwardedFor: this.#forwardedFor,
      onFrame: frame => this.#receive(frame),
      onClose: () => {
        this.#synced.reject(new Error("closed before the state came"));
        if (this.#socket === socket) this.onClose?.();
      },
    });
    this.#socket = socket;
    await socket.opened;
    socket.send(authFrame(document, token));
    await this.#synced.promise;
  }

  get isOpen(): boolean {
    return this.#socket?.isOpen ?? false;
  }

  /** Over all its sockets. */
  get bytesRead(): number {
    return this.#bytesBefore + (this.#socket?.bytesRead ?? 0);
  }

  sendUpdate(update: Uint8Array): void {
    this.#socket?.send(updateFrame(this.address.document, update));
  }

  /** All in one write. */
  sendUpdates(updates: readonly Uint8Array[]): void {
    this.#socket?.sendAll(updates.map(update => updateFrame(this.address.document, update)));
  }

  sendAwareness(client: number, clock: number, state: object): void {
    this.#socket?.send(awarenessFrame(this.address.document, client, clock, state));
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Cuts the line without a word. */
  drop(): void {
    this.#bytesBefore = this.bytesRead;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  #receive(frame: Buffer): void {
    const kind = kindOf(frame, this.#addressBytes);
    this.counts[kind]++;
    switch (kind) {
      case "authenticated":
        this.#socket?.send(stepOneFrame(this.address.document, this.vector));
        break;
      case "denied":
        this.#synced.reject(new Error("The server denied access"));
        break;
      case "step2":
        this.onContent?.(contentOf(frame, this.#addressBytes), kind);
        this.#synced.resolve();
        break;
      case "update":
        this.onContent?.(contentOf(frame, this.#addressBytes), kind);
        break;
      case "awareness":
        this.onAwareness?.(contentOf(frame, this.#addressBytes));
        break;
      case "ack":
        this.onAck?.();
        break;
      default:
    }
  }
}
