import { SCHEMA_VERSION } from "@octavo/schema/document";
import { type Handshake, readServerMessage, type ServerMessage, syncPath } from "@octavo/schema/protocol";
import { eventually } from "@octavo/test-kit";
import { createDecoder, readVarString, readVarUint, readVarUint8Array } from "lib0/decoding";
import WebSocket, { type ClientOptions } from "ws";
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from "yjs";
import { written } from "./bytes.ts";

/** What a frame of the server says, as far as tests ask. */
export type ServerFrame =
  | { kind: "step1"; vector: Uint8Array }
  | { kind: "step2" | "update"; update: Uint8Array }
  | { kind: "awareness"; update: Uint8Array }
  | { kind: "ack"; saved: boolean }
  | { kind: "message"; message: ServerMessage | undefined }
  | { kind: "authenticated"; scope: string }
  | { kind: "denied"; reason: string }
  | { kind: "token-request" }
  | { kind: "byte"; byte: number }
  | { kind: "other"; type: number };

export interface RawClientOptions {
  url: string;
  documentId: string;
  token?: string;
  handshake?: Handshake;
  /** Sent instead of the document's address. */
  address?: string;
  socket?: ClientOptions;
}

/** A socket that sends the frames a test gives it and answers nothing by itself. */
export class RawClient {
  readonly socket: WebSocket;
  readonly frames: ServerFrame[] = [];
  /** What the server sent, applied. */
  readonly document = new Doc();
  close: { code: number; reason: string } | undefined;
  error: Error | undefined;
  readonly #address: string;
  readonly #token: string;

  constructor(options: RawClientOptions) {
    const { url, documentId, handshake = { schema: SCHEMA_VERSION } } = options;
    this.#address = options.address ?? documentId;
    this.#token = options.token ?? "alice";
    this.socket = new WebSocket(url.replace("http", "ws") + syncPath(documentId, handshake), options.socket);
    this.socket.on("message", data => this.#receive(new Uint8Array(data as Buffer)));
    this.socket.on("close", (code, reason) => {
      this.close = { code, reason: reason.toString() };
    });
    this.socket.on("error", error => {
      this.error = error;
    });
  }

  /** A socket that is authenticated and was welcomed. */
  static async join(options: RawClientOptions): Promise<RawClient> {
    const client = new RawClient(options);
    await client.opened();
    client.authenticate();
    await eventually(() => client.close ?? client.messages.some(({ type }) => type === "welcome"));
    return client;
  }

  async opened(): Promise<void> {
    await eventually(() => this.socket.readyState !== WebSocket.CONNECTING, { what: "the socket" });
  }

  async closed(): Promise<{ code: number; reason: string }> {
    return eventually(() => this.close, { what: "the close" });
  }

  authenticate(token = this.#token): void {
    this.send(2, 0, token);
  }

  /** Sends a frame of these parts after the address. */
  send(...parts: Parameters<typeof written>): void {
    this.socket.send(written(this.#address, ...parts));
  }

  step1(document: Doc = this.document): void {
    const vector = encodeStateVector(document);
    this.send(0, 0, vector.length, vector);
  }

  step2(document: Doc = this.document): void {
    this.write(1, encodeStateAsUpdate(document));
  }

  update(update: Uint8Array): void {
    this.write(2, update);
  }

  write(kind: 1 | 2, update: Uint8Array): void {
    this.send(0, kind, update.length, update);
  }

  awareness(update: Uint8Array): void {
    this.send(1, update.length, update);
  }

  get messages(): ServerMessage[] {
    return this.frames.flatMap(frame => (frame.kind === "message" && frame.message ? [frame.message] : []));
  }

  get acks(): boolean[] {
    return this.frames.flatMap(frame => (frame.kind === "ack" ? [frame.saved] : []));
  }

  count(kind: ServerFrame["kind"]): number {
    return this.frames.filter(frame => frame.kind === kind).length;
  }

  #receive(bytes: Uint8Array): void {
    const frame = readFrame(bytes);
    if (frame.kind === "step2" || frame.kind === "update") applyUpdate(this.document, frame.update, "server");
    this.frames.push(frame);
  }
}

/** What the bytes of a frame say. */
export function readFrame(bytes: Uint8Array): ServerFrame {
  if (bytes.length === 1) return { kind: "byte", byte: bytes[0]! };
  const decoder = createDecoder(bytes);
  readVarString(decoder);
  const type = readVarUint(decoder);
  if (type === 0 || type === 4) {
    const step = readVarUint(decoder);
    const content = readVarUint8Array(decoder);
    if (step === 0) return { kind: "step1", vector: content };
    return { kind: step === 1 ? "step2" : "update", update: content };
  }
  if (type === 1) return { kind: "awareness", update: readVarUint8Array(decoder) };
  if (type === 5) return { kind: "message", message: readServerMessage(readVarString(decoder)) };
  if (type === 8) return { kind: "ack", saved: readVarUint(decoder) === 1 };
  if (type !== 2) return { kind: "other", type };
  const step = readVarUint(decoder);
  if (step === 0) return { kind: "token-request" };
  const text = readVarString(decoder);
  return step === 1 ? { kind: "denied", reason: text } : { kind: "authenticated", scope: text };
}
