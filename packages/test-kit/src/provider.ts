import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { readServerMessage, type ServerMessage, syncPath } from "@octavo/schema/protocol";
import * as decoding from "lib0/decoding";
import WebSocket from "ws";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { eventually, type Wait } from "./eventually.ts";

export interface TestClientOptions {
  /** Origin of the server, or of the network before it: `http://127.0.0.1:3000`. */
  url: string;
  documentId: string;
  token?: string;
  /** Headers of the upgrade: `cookie`, `origin`. */
  headers?: Record<string, string>;
  /** Absent means that the client names none, and may only read. */
  schema?: number;
  epoch?: number;
  document?: Y.Doc;
  /** Wait before a reconnect; tests need no politeness towards a server. */
  reconnectMs?: number;
  /** Silence of the server after which the provider gives it up; its own default is 30 s. */
  patienceMs?: number;
}

/**
 * An open document as the stock Hocuspocus provider keeps it, with a ledger of its own: which writes it sent on
 * which socket, and which of them the server said are on disk.
 */
export class TestClient {
  readonly document: Y.Doc;
  readonly provider: HocuspocusProvider;
  readonly ledger = new Ledger();
  /** Messages of the server, oldest first. */
  readonly messages: ServerMessage[] = [];
  /** How each socket ended, oldest first. */
  readonly closes: { code: number; reason: string }[] = [];
  /** Why access was denied, where it was. */
  denied: string | undefined;
  readonly #socket: HocuspocusProviderWebsocket;

  constructor(options: TestClientOptions) {
    this.document = options.document ?? new Y.Doc();
    const handshake = {
      ...(options.schema !== undefined && { schema: options.schema }),
      ...(options.epoch !== undefined && { epoch: options.epoch }),
    };
    const reconnectMs = options.reconnectMs ?? 50;
    this.#socket = new HocuspocusProviderWebsocket({
      url: options.url.replace(/^http/, "ws") + syncPath(options.documentId, handshake),
      WebSocketPolyfill: recordingSocket(this.ledger, options.headers ?? {}),
      delay: reconnectMs,
      minDelay: reconnectMs,
      maxDelay: reconnectMs * 4,
      ...(options.patienceMs !== undefined && { messageReconnectTimeout: options.patienceMs }),
      onClose: ({ event }) => this.closes.push({ code: event.code, reason: event.reason }),
    });
    this.provider = new HocuspocusProvider({
      websocketProvider: this.#socket,
      name: options.documentId,
      document: this.document,
      token: options.token ?? "",
      onAuthenticationFailed: ({ reason }) => {
        this.denied = reason;
      },
      onStateless: ({ payload }) => {
        const message = readServerMessage(payload);
        if (message !== undefined) this.messages.push(message);
      },
    });
    this.provider.attach();
  }

  get awareness(): Awareness {
    return this.provider.awareness as Awareness;
  }

  /** Everything this client wrote is on disk, as far as it was told. */
  get isSaved(): boolean {
    return this.provider.isSynced && this.ledger.isSettled;
  }

  /** Resolves when the document was received and the handshake is done. */
  async synced(wait?: Wait): Promise<void> {
    await eventually(() => this.provider.isSynced, { what: "the document", ...wait });
  }

  /** Resolves when everything written so far is acknowledged. */
  async saved(wait?: Wait): Promise<void> {
    await eventually(() => this.isSaved, { what: "the acknowledgements", ...wait });
  }

  /** Ends the socket and stays away until `connect`. */
  disconnect(): void {
    this.#socket.disconnect();
  }

  connect(): void {
    void this.#socket.connect();
  }

  /** Ends the socket and the provider; the document stays readable. */
  destroy(): void {
    this.provider.destroy();
    this.#socket.destroy();
  }
}

/** Updates acknowledged so far, and those that wait on the present socket. */
export class Ledger {
  /** Updates that the server acknowledged, in order (Yjs updates, V1). */
  readonly acked: Uint8Array[] = [];
  /** Acknowledgements that said no. */
  refusals = 0;
  #outstanding: Uint8Array[] = [];
  #hasAnswered = false;

  get outstanding(): number {
    return this.#outstanding.length;
  }

  /** The server has our answer to its state vector, and nothing waits. */
  get isSettled(): boolean {
    return this.#hasAnswered && this.#outstanding.length === 0;
  }

  /** A new socket: what the old one did not acknowledge is sent again by the handshake. */
  begin(): void {
    this.#outstanding = [];
    this.#hasAnswered = false;
  }

  recordOutgoing(frame: Uint8Array): void {
    const write = readWrite(frame);
    if (write === undefined) return;
    if (write.isAnswer) this.#hasAnswered = true;
    this.#outstanding.push(write.update);
  }

  recordIncoming(frame: Uint8Array): void {
    const isApplied = readSyncStatus(frame);
    if (isApplied === undefined) return;
    const update = this.#outstanding.shift();
    if (!isApplied) this.refusals += 1;
    else if (update !== undefined) this.acked.push(update);
  }

  /** How many acknowledged updates a document lacks: 0, or the server lied. */
  missingFrom(document: Y.Doc): number {
    const copy = new Y.Doc({ gc: false });
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(document));
    let missing = 0;
    for (const update of this.acked) if (bringsSomething(copy, update)) missing += 1;
    copy.destroy();
    return missing;
  }
}

/** Applies an update; whether it changed the document or waits for something the document lacks. */
function bringsSomething(document: Y.Doc, update: Uint8Array): boolean {
  let isNew = false;
  const note = () => {
    isNew = true;
  };
  document.on("update", note);
  Y.applyUpdate(document, update);
  document.off("update", note);
  return isNew || document.store.pendingStructs !== null || document.store.pendingDs !== null;
}

// Message types of Hocuspocus (y-protocols' sync inside 0 and 4).
const SYNC = 0;
const SYNC_REPLY = 4;
const SYNC_STATUS = 8;
const SYNC_STEP_2 = 1;
const SYNC_UPDATE = 2;

function readWrite(frame: Uint8Array): { update: Uint8Array; isAnswer: boolean } | undefined {
  if (frame.length < 2) return undefined;
  const decoder = decoding.createDecoder(frame);
  decoding.readVarString(decoder);
  const type = decoding.readVarUint(decoder);
  if (type !== SYNC && type !== SYNC_REPLY) return undefined;
  const step = decoding.readVarUint(decoder);
  if (step !== SYNC_STEP_2 && step !== SYNC_UPDATE) return undefined;
  return { update: decoding.readVarUint8Array(decoder), isAnswer: step === SYNC_STEP_2 };
}

function readSyncStatus(frame: Uint8Array): boolean | undefined {
  if (frame.length < 3) return undefined;
  const decoder = decoding.createDecoder(frame);
  decoding.readVarString(decoder);
  return decoding.readVarUint(decoder) === SYNC_STATUS ? decoding.readVarInt(decoder) === 1 : undefined;
}

/** The provider makes its socket itself, from a class: this one writes into the ledger. */
function recordingSocket(ledger: Ledger, headers: Record<string, string>): typeof WebSocket {
  return class extends WebSocket {
    constructor(address: string) {
      super(address, { headers });
      ledger.begin();
      // The provider stops listening before it gives up an attempt; ws then has nobody to tell.
      this.on("error", () => {});
      this.on("message", data => ledger.recordIncoming(new Uint8Array(data as ArrayBuffer)));
    }

    override send(frame: Uint8Array): void {
      ledger.recordOutgoing(frame);
      super.send(frame);
    }
  } as typeof WebSocket;
}
