import { YJS_PATH } from "@octavo/schema/protocol";
import WebSocket from "ws";
import { WebsocketProvider } from "y-websocket";
import { Doc } from "yjs";
import { eventually, type Wait } from "./eventually.ts";

export interface YWebSocketClientOptions {
  /** Origin of the server, or of the network before it. */
  url: string;
  documentId: string;
  /** Of the query: `token`, `schema`, `epoch`. */
  params?: Record<string, string>;
  /** Headers of the upgrade: `cookie`, `origin`. */
  headers?: Record<string, string>;
  document?: Doc;
  /** A provider that gives up a silent server after so many milliseconds, instead of its own 30 s. */
  patienceMs?: number;
}

/** An open document as y-websocket's own provider keeps it. */
export class YWebSocketClient {
  readonly document: Doc;
  readonly provider: WebsocketProvider;
  /** How each connection ended, oldest first; null where the provider itself gave it up. */
  readonly closes: ({ code: number; reason: string } | null)[] = [];
  /** The close after which the provider does not come back. */
  ended: { code: number; reason: string } | undefined;
  readonly #watchdog: NodeJS.Timeout | undefined;

  constructor(options: YWebSocketClientOptions) {
    const { url, documentId, params = {}, headers = {}, patienceMs } = options;
    this.document = options.document ?? new Doc();
    const address = url.replace(/^http/, "ws") + YJS_PATH;
    this.provider = new WebsocketProvider(address, documentId, this.document, {
      params,
      WebSocketPolyfill: socketWith(headers),
      disableBc: true,
      maxBackoffTime: 100,
    });
    this.provider.on("connection-close", event =>
      this.closes.push(event && { code: event.code, reason: event.reason }),
    );
    this.provider.on("closed", close => {
      this.ended = close;
    });
    if (patienceMs !== undefined) this.#watchdog = this.#giveUpAfter(patienceMs);
  }

  get awareness(): WebsocketProvider["awareness"] {
    return this.provider.awareness;
  }

  async synced(wait?: Wait): Promise<void> {
    await eventually(() => this.provider.synced, { what: "the document", ...wait });
  }

  destroy(): void {
    clearInterval(this.#watchdog);
    // Leaving, it says so for the id that the document had at the beginning.
    this.document.clientID = this.awareness.clientID;
    this.provider.destroy();
    this.awareness.destroy();
  }

  /** The provider's check of every 3 s, on another scale of time. */
  #giveUpAfter(patienceMs: number): NodeJS.Timeout {
    return setInterval(() => {
      const { provider } = this;
      if (provider.wsconnected && Date.now() - provider.wsLastMessageReceived > patienceMs) {
        // What the provider does: it takes the connection for dead.
        provider.ws?.close(4000, "no message");
      }
    }, patienceMs / 10);
  }
}

function socketWith(headers: Record<string, string>): typeof globalThis.WebSocket {
  return class extends WebSocket {
    constructor(address: string) {
      super(address, { headers });
      this.on("error", () => {});
    }
  } as unknown as typeof globalThis.WebSocket;
}
