/**
 * The client's process: replays a history into a server, or opens the document from nothing, through the client
 * library that belongs to the server. Told what to do, and reports, over IPC.
 */
import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";
import type * as hocuspocus from "@hocuspocus/provider";
import { eventually } from "@octavo/test-kit/eventually";
import { repositoryPath } from "@octavo/test-kit/repository";
import * as decoding from "lib0/decoding";
import WebSocket from "ws";
import type * as yjs from "yjs";
import type { Address } from "./targets.ts";
import { type Edit, loadTrace } from "./trace.ts";

export interface ReplayTask extends Address {
  kind: "replay";
  edits: number;
  /** Edits sent and not yet answered, at most. */
  window: number;
}

export interface OpenTask extends Address {
  kind: "open";
  /** Characters of the whole text: opened means that they are there. */
  length: number;
}

export interface Result {
  ms: number;
  edits: number;
  length: number;
  /** SHA-256 of the text. */
  hash: string;
  /** Bytes read from the TCP connection, compressed as they came. */
  bytesRead: number;
}

/** Counts what goes over a socket; the libraries take its class. */
class CountingSocket extends WebSocket {
  static latest: CountingSocket | undefined;
  /** Updates sent. */
  writes = 0;
  /** Updates the server has answered: acknowledged, or sent back. */
  answers = 0;
  #bytesRead: () => number = () => 0;
  #onAnswer = () => {};

  constructor(address: string, protocols?: string | string[]) {
    super(address, protocols);
    CountingSocket.latest = this;
    this.on("upgrade", response => {
      const { socket } = response;
      this.#bytesRead = () => socket.bytesRead;
    });
    this.on("message", data => {
      this.answers += this.countAnswers(new Uint8Array(data as ArrayBuffer));
      this.#onAnswer();
    });
  }

  get bytesRead(): number {
    return this.#bytesRead();
  }

  override send(frame: Uint8Array, ...rest: unknown[]): void {
    if (this.isWrite(frame)) this.writes += 1;
    (super.send as (...args: unknown[]) => void)(frame, ...rest);
  }

  /** Resolves when at most `window` updates wait for their answer. */
  async waitForWindow(window: number): Promise<void> {
    while (this.writes - this.answers > window) {
      if (this.readyState !== WebSocket.OPEN) throw new Error("The server closed the connection");
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onAnswer = resolve;
      this.once("close", resolve);
      await promise;
      this.off("close", resolve);
    }
  }

  isWrite(_frame: Uint8Array): boolean {
    return false;
  }

  countAnswers(_frame: Uint8Array): number {
    return 0;
  }
}

const SYNC = 0;
const SYNC_STEP_2 = 1;
const SYNC_UPDATE = 2;
const SYNC_STATUS = 8;

/** Hocuspocus: a name before each message; SyncStatus answers step 2 and updates. */
class HocuspocusSocket extends CountingSocket {
  override isWrite(frame: Uint8Array): boolean {
    const { type, step } = readHead(frame, true);
    return type === SYNC && (step === SYNC_STEP_2 || step === SYNC_UPDATE);
  }

  override countAnswers(frame: Uint8Array): number {
    return frame.length > 1 && readHead(frame, true).type === SYNC_STATUS ? 1 : 0;
  }
}

/** y-websocket has no acknowledgements, but its server sends every update back to its author. */
class YWebsocketSocket extends CountingSocket {
  override isWrite(frame: Uint8Array): boolean {
    const { type, step } = readHead(frame, false);
    return type === SYNC && step === SYNC_UPDATE;
  }

  override countAnswers(frame: Uint8Array): number {
    return this.isWrite(frame) ? 1 : 0;
  }
}

function readHead(frame: Uint8Array, isNamed: boolean): { type: number; step: number | undefined } {
  const decoder = decoding.createDecoder(frame);
  if (isNamed) decoding.readVarString(decoder);
  const type = decoding.readVarUint(decoder);
  return { type, step: decoding.hasContent(decoder) ? decoding.readVarUint(decoder) : undefined };
}

interface Opened {
  Y: typeof yjs;
  document: yjs.Doc;
  isSynced(): boolean;
  close(): void;
}

interface Hocuspocus extends Pick<typeof hocuspocus, "HocuspocusProvider" | "HocuspocusProviderWebsocket"> {
  Y: typeof yjs;
}

function openHocuspocus(library: Hocuspocus, { url, document: name, token }: Address): Opened {
  const { Y, HocuspocusProvider, HocuspocusProviderWebsocket } = library;
  const socket = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: HocuspocusSocket });
  const provider = new HocuspocusProvider({ websocketProvider: socket, name, token });
  provider.attach();
  const close = () => {
    provider.destroy();
    socket.destroy();
  };
  return { Y, document: provider.document, isSynced: () => provider.isSynced, close };
}

interface YWebsocket {
  Y: typeof yjs;
  WebsocketProvider: new (
    url: string,
    name: string,
    document: yjs.Doc,
    options: { WebSocketPolyfill: typeof YWebsocketSocket; disableBc: boolean },
  ) => { synced: boolean; destroy(): void };
}

function openYWebsocket({ Y, WebsocketProvider }: YWebsocket, { url, document: name }: Address): Opened {
  const document = new Y.Doc();
  const provider = new WebsocketProvider(url, name, document, {
    WebSocketPolyfill: YWebsocketSocket,
    // Tabs of one browser, which there are none of here.
    disableBc: true,
  });
  return { Y, document, isSynced: () => provider.synced, close: () => provider.destroy() };
}

/** The one paragraph of the body that all of the history goes into; `create` makes what is missing. */
function textOf({ Y, document }: Opened, create: boolean): yjs.XmlText | undefined {
  const body = document.getXmlFragment("default");
  if (body.length === 0) {
    if (!create) return undefined;
    body.insert(0, [new Y.XmlElement("paragraph")]);
  }
  const paragraph = body.get(0) as yjs.XmlElement;
  if (paragraph.length === 0) {
    if (!create) return undefined;
    paragraph.insert(0, [new Y.XmlText()]);
  }
  return paragraph.get(0) as yjs.XmlText;
}

async function replay(opened: Opened, { edits: limit, window }: ReplayTask): Promise<Result> {
  const { edits } = await loadTrace(limit);
  await eventually(opened.isSynced, { what: "the empty document" });
  const text = textOf(opened, true) as yjs.XmlText;
  const socket = CountingSocket.latest as CountingSocket;
  await socket.waitForWindow(0);
  const start = performance.now();
  for (const edit of edits) {
    apply(opened, text, edit);
    if (socket.writes - socket.answers > window) await socket.waitForWindow(window);
  }
  await socket.waitForWindow(0);
  return report(text, edits.length, performance.now() - start, socket);
}

function apply({ document }: Opened, text: yjs.XmlText, [position, deleted, inserted]: Edit): void {
  document.transact(() => {
    if (deleted > 0) text.delete(position, deleted);
    if (inserted !== "") text.insert(position, inserted);
  });
}

async function openFromNothing(opened: Opened, length: number, start: number): Promise<Result> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const check = () => {
    if (textOf(opened, false)?.length === length) resolve(performance.now());
  };
  opened.document.on("update", check);
  check();
  const end = await promise;
  const socket = CountingSocket.latest as CountingSocket;
  // What comes after the text counts too: some servers send it twice.
  const bytes = await quiet(() => socket.bytesRead);
  return { ...report(textOf(opened, false) as yjs.XmlText, 0, end - start, socket), bytesRead: bytes };
}

/** The value once it has stood still for half a second. */
async function quiet(read: () => number): Promise<number> {
  let last = read();
  let since = performance.now();
  return eventually(() => {
    const value = read();
    if (value !== last) since = performance.now();
    last = value;
    return performance.now() - since > 500 ? value : undefined;
  });
}

function report(text: yjs.XmlText, edits: number, ms: number, socket: CountingSocket): Result {
  const content = text.toString();
  const hash = createHash("sha256").update(content).digest("hex");
  return { ms, edits, length: text.length, hash, bytesRead: socket.bytesRead };
}

async function run(task: ReplayTask | OpenTask): Promise<Result> {
  const open = await opener(task);
  const start = performance.now();
  const opened = open();
  try {
    return task.kind === "replay"
      ? await replay(opened, task)
      : await openFromNothing(opened, task.length, start);
  } finally {
    opened.close();
  }
}

/** Loads the library before the clock starts, and only one: two copies of Yjs do not mix. */
async function opener(address: Address): Promise<() => Opened> {
  if (address.protocol === "hocuspocus") {
    const library = { ...(await import("@hocuspocus/provider")), Y: await import("yjs") };
    return () => openHocuspocus(library, address);
  }
  const path = pathToFileURL(repositoryPath("bench/peers/y-websocket-client.mjs")).href;
  const library = (await import(path)) as YWebsocket;
  return () => openYWebsocket(library, address);
}

process.once("message", async (task: ReplayTask | OpenTask) => {
  const result = await run(task);
  // y-websocket's client keeps timers after it was destroyed: the process is ended, not left to end.
  process.send?.(result, () => process.exit());
});
