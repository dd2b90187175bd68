import type { ErrorCode } from "@octavo/schema";
import { readServerMessage } from "@octavo/schema/protocol";
import { createDecoder, readVarString, readVarUint } from "lib0/decoding";
import { createEncoder, toUint8Array, writeVarString, writeVarUint } from "lib0/encoding";
import { isApiKey } from "../accounts/keys.ts";
import type { ClientSocket, SocketListener } from "../documents/client-socket.ts";
import type { Wire } from "./client-socket.ts";

/**
 * The protocol of y-websocket is that of Hocuspocus without a document's name before each frame, without tokens and
 * without acknowledgements. Here one becomes the other; the rooms do not know.
 */
const Type = { sync: 0, awareness: 1, auth: 2, queryAwareness: 3, stateless: 5, close: 7 } as const;
/** In Auth: the client's token there; the refusal has another number on each side. */
const TOKEN = 0;
const DENIED = { hocuspocus: 1, yWebSocket: 0 } as const;

/** An awareness update about nobody: `WebsocketProvider` connects anew when no message came for 30 s. */
export const Y_WEBSOCKET_WIRE: Wire = {
  signOfLife: Uint8Array.of(Type.awareness, 1, 0),
  hasBytesOfLife: false,
};

/**
 * Of a frame that goes to many the same view for each: below, what goes to many is made ready once, and told by its
 * identity.
 */
const views = new WeakMap<Uint8Array, Uint8Array>();

function viewAfter(addressBytes: number, frame: Uint8Array): Uint8Array {
  let view = views.get(frame);
  if (view === undefined) {
    view = frame.subarray(addressBytes);
    views.set(frame, view);
  }
  return view;
}

/** A y-websocket client as the rooms see it. Begins to hear it once it is let in: it says nothing that is needed before. */
class YWebSocketClient implements ClientSocket {
  readonly #socket: ClientSocket;
  /** Every frame of the rooms begins with it: varString of the document's id. */
  readonly #address: Uint8Array;

  constructor(socket: ClientSocket, documentId: string) {
    this.#socket = socket;
    this.#address = written(encoder => writeVarString(encoder, documentId));
    // What it writes at once is larger than a stranger may send, and cannot be sent again in pieces.
    socket.pause();
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes;
  }

  get isOpen(): boolean {
    return this.#socket.isOpen;
  }

  send(frame: Uint8Array): void {
    const plain = viewAfter(this.#address.length, frame);
    switch (plain[0]) {
      case Type.sync:
      case Type.awareness:
        this.#socket.send(plain);
        return;
      case Type.auth:
        this.#sendRefusal(plain);
        return;
      case Type.stateless:
        this.#closeWhenRefused(plain);
        return;
      case Type.close:
        this.close();
        return;
    }
    // Of acknowledgements it would only complain.
  }

  close(code?: ErrorCode): void {
    this.#socket.close(code);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  trust(): void {
    this.#socket.trust();
    this.#socket.resume();
  }

  /** One of its frames as the rooms read it; undefined for what this protocol does not have. */
  addressed(frame: Uint8Array): Uint8Array | undefined {
    const type = frame[0];
    if (type !== Type.sync && type !== Type.awareness && type !== Type.queryAwareness) return undefined;
    return this.#afterAddress(frame);
  }

  /** The frame that says who it is: with the token of its address, or with none where a cookie says it. */
  authFrame(token: string): Uint8Array {
    return this.#afterAddress(
      written(encoder => {
        writeVarUint(encoder, Type.auth);
        writeVarUint(encoder, TOKEN);
        writeVarString(encoder, token);
      }),
    );
  }

  #afterAddress(frame: Uint8Array): Uint8Array {
    const addressed = new Uint8Array(this.#address.length + frame.length);
    addressed.set(this.#address);
    addressed.set(frame, this.#address.length);
    return addressed;
  }

  /** Of Auth it knows refusals only; the close that follows says the same. */
  #sendRefusal(plain: Uint8Array): void {
    const decoder = createDecoder(plain.subarray(1));
    if (readVarUint(decoder) !== DENIED.hocuspocus) return;
    const reason = readVarString(decoder);
    this.#socket.send(
      written(encoder => {
        writeVarUint(encoder, Type.auth);
        writeVarUint(encoder, DENIED.yWebSocket);
        writeVarString(encoder, reason);
      }),
    );
  }

  /** It knows no acknowledgements: without a close it would never learn that what it wrote is not there. */
  #closeWhenRefused(plain: Uint8Array): void {
    const message = readServerMessage(readVarString(createDecoder(plain.subarray(1))));
    if (message?.type === "write-refused") this.close(message.code);
  }
}

/** Lets a y-websocket client in with what its address says; `connect` gives it to the rooms. */
export function joinByYWebSocket(
  socket: ClientSocket,
  place: { documentId: string; token: string },
  connect: (client: ClientSocket) => SocketListener,
): SocketListener {
  const client = new YWebSocketClient(socket, place.documentId);
  const rooms = connect(client);
  // Addresses are kept in histories and in logs of others; a key is good for ever and for everything.
  if (isApiKey(place.token)) client.close("TOKEN_INVALID");
  else rooms.onFrame(client.authFrame(place.token));
  return {
    onFrame(frame) {
      const addressed = client.addressed(frame);
      if (addressed) rooms.onFrame(addressed);
      else client.close("MALFORMED_FRAME");
    },
    onClose: () => rooms.onClose(),
    onDrained: () => rooms.onDrained(),
  };
}

function written(write: (encoder: ReturnType<typeof createEncoder>) => void): Uint8Array {
  const encoder = createEncoder();
  write(encoder);
  return toUint8Array(encoder);
}
