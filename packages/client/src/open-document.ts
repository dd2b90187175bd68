import { HocuspocusProvider } from "@hocuspocus/provider";
import { LIMITS, type Role } from "@octavo/schema";
import { SCHEMA_VERSION } from "@octavo/schema/document";
import {
  BODY_FRAGMENT,
  type DocumentState,
  type PresenceUser,
  readServerMessage,
  type ServerMessage,
  syncPath,
} from "@octavo/schema/protocol";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { DocumentSocket } from "./document-socket.ts";
import { loadFirst } from "./first-load.ts";
import { type Frame, writeFrame } from "./frames.ts";
import { type ConnectionState, Link } from "./link.ts";
import { listenToPage } from "./page-events.ts";
import { announceAway, observePeers, type Peer } from "./presence.ts";
import type { SaveState } from "./save-state.ts";
import { SaveTracker } from "./save-tracker.ts";
import { splitUpdate } from "./split-update.ts";
import { createStore, isShallowEqual, type Store } from "./store.ts";
import { realTimers, type Timers } from "./timers.ts";
import { type Transport, Transports } from "./transport.ts";
import { unsentText } from "./unsent-text.ts";

/** Answers a token; `previous` is the one before, for whoever has no other name of this person (`renews`). */
export type GetToken = (reason: TokenReason, previous?: string) => string | Promise<string>;

/**
 * Why a token is asked for. `refresh`: the one in use ends soon, and another of the same person takes its place while
 * the connection stays. `refused`: the server did not take the last one, so a kept one is of no use.
 */
export type TokenReason = "connect" | "refresh" | "refused";

export interface OpenDocumentOptions {
  /** Address of the Octavo server, e.g. `https://docs.example.com`. */
  server: string;
  documentId: string;
  /** An access token. Left out where the session cookie of the same origin says who this is. */
  getToken?: GetToken | undefined;
  /** Known from the page; shown until the server says otherwise. */
  title?: string | undefined;
  /** Another class with the WebSocket interface. */
  WebSocket?: typeof WebSocket | undefined;
  /** Another function with the interface of `fetch`. */
  fetch?: typeof fetch | undefined;
  timers?: Timers | undefined;
}

/** What the server lets this person do here, and who it says they are. */
export interface Standing {
  /** Undefined until the server has said it. */
  role: Role | undefined;
  isWritable: boolean;
  user: PresenceUser | undefined;
}

/** One document open in one tab. Everything about it is live until `close`. */
export interface OpenDocument {
  readonly id: string;
  readonly doc: Y.Doc;
  readonly body: Y.XmlFragment;
  /** Only `cursor` and `away` are ours; the server stamps the user. */
  readonly awareness: Awareness;
  readonly saveState: Store<SaveState>;
  readonly connection: Store<ConnectionState>;
  /** What carries the connection: a WebSocket, or requests where those do not get through. */
  readonly transport: Store<Transport>;
  readonly role: Store<Standing>;
  /** The others, most recently active first. */
  readonly presence: Store<readonly Peer[]>;
  readonly title: Store<string>;
  /** True after the first complete handshake; before it, what is here is not the document. */
  readonly isSynced: Store<boolean>;
  /** Resolves as soon as everything written here is on the server's disk, however long that takes. */
  whenSaved(): Promise<void>;
  /** Connects at once instead of waiting for the countdown. */
  retryNow(): void;
  /** What was written here and is not on the server, as plain text; empty where there is nothing to lose. */
  unsentText(): string;
  /** Leaves the document. Unsent edits are gone with it: ask `saveState` before. */
  close(): void;
}

/** Opens a document and keeps it in step with the server until `close`. Never throws for the network: what goes wrong is in the stores. */
export function openDocument(options: OpenDocumentOptions): OpenDocument {
  return new Session(options);
}

class Session implements OpenDocument {
  readonly id: string;
  readonly doc = new Y.Doc();
  readonly body = this.doc.getXmlFragment(BODY_FRAGMENT);
  readonly awareness: Awareness;
  readonly saveState: Store<SaveState>;
  readonly connection: Store<ConnectionState>;
  readonly transport: Store<Transport>;
  readonly role = createStore<Standing>(
    { role: undefined, isWritable: false, user: undefined },
    isShallowEqual,
  );
  readonly presence: Store<readonly Peer[]>;
  readonly title;
  readonly isSynced = createStore(false);

  private readonly options: OpenDocumentOptions;
  private readonly tracker: SaveTracker;
  private readonly transports: Transports;
  private readonly link: Link;
  private readonly socket: DocumentSocket;
  private readonly provider: HocuspocusProvider;
  private readonly ends: (() => void)[] = [];
  private readonly firstLoad = new AbortController();
  /** Asked for once and used twice: by the first load and by the first socket. */
  private firstToken: Promise<string> | undefined;
  private lastToken: string | undefined;
  /** `loading`: our question for what is missing waits; `asked`: it would have left by now. */
  private firstLoadState: "loading" | "asked" | "over" = "loading";
  private epoch: number | undefined;
  private isClosed = false;

  constructor(options: OpenDocumentOptions) {
    const timers = options.timers ?? realTimers;
    this.options = options;
    this.id = options.documentId;
    this.title = createStore(options.title ?? "");
    this.tracker = new SaveTracker(timers, () => this.handshakeComplete());
    this.saveState = this.tracker.state;
    this.transports = new Transports({
      server: options.server,
      WebSocket: options.WebSocket ?? globalThis.WebSocket,
      fetch: options.fetch ?? ((...request) => fetch(...request)),
      timers,
      storage: browserStorage(),
      onBetter: () => this.link.reopen(),
    });
    this.transport = this.transports.current;
    this.socket = new DocumentSocket(
      {
        url: () => this.url(),
        sending: (frame, bytes) => this.sending(frame, bytes),
        received: frame => {
          this.link.heard();
          this.tracker.received(frame);
          if (this.tracker.isRefused) this.setWritable(false);
        },
        closed: (closeCode, reason) => this.link.closed(closeCode, reason),
      },
      url => this.transports.connect(url),
    );
    this.link = new Link(
      {
        connect: () => {
          this.tracker.socketOpening();
          if (this.firstLoadState === "asked") this.firstLoadState = "loading";
          void this.socket.connect();
        },
        hangUp: () => this.socket.webSocket?.close(),
        hasTokens: options.getToken !== undefined,
        onLost: () => this.tracker.lost(),
        onEnded: code => {
          this.tracker.closed(code);
          this.setWritable(false);
        },
      },
      timers,
    );
    this.connection = this.link.state;
    // Before the provider listens: an edit is counted first and sent then.
    this.doc.on("update", (_update: Uint8Array, origin: unknown) => {
      if (origin !== this.provider) this.tracker.edited();
    });
    this.provider = new HocuspocusProvider({
      name: this.id,
      document: this.doc,
      websocketProvider: this.socket,
      token: () => this.token(),
      onAuthenticationFailed: ({ reason }) => this.link.denied(reason),
      onStateless: ({ payload }) => this.told(readServerMessage(payload)),
    });
    this.awareness = this.provider.awareness!;
    const { peers, stop } = observePeers(this.awareness, timers);
    this.presence = peers;
    this.ends.push(stop, this.listenToPage(timers));
    this.provider.attach();
    void this.fetchFirst(timers);
    this.link.open();
  }

  whenSaved(): Promise<void> {
    return this.tracker.whenSettled();
  }

  retryNow(): void {
    this.link.retryNow();
  }

  unsentText(): string {
    if (!this.tracker.hasUnsaved) return "";
    return unsentText(this.body, this.doc.clientID, this.tracker.ackedClock);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.firstLoad.abort();
    this.link.stop();
    for (const end of this.ends) end();
    this.provider.destroy();
    this.socket.destroy();
    this.transports.stop();
    this.tracker.stop();
    this.doc.destroy();
  }

  private url(): string {
    const epoch = this.epoch === undefined ? {} : { epoch: this.epoch };
    const url = new URL(syncPath(this.id, { schema: SCHEMA_VERSION, ...epoch }), this.options.server);
    url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
    return url.href;
  }

  /**
   * Asked by the provider once a socket, and when the server wants another one for the same socket. What cannot be got
   * ends the attempt, not the document; what is there already stays, and the server asks again.
   */
  private async token(): Promise<string> {
    const { getToken } = this.options;
    if (getToken === undefined) return "";
    const isRefresh = this.provider.isAuthenticated;
    try {
      const shared = this.firstToken;
      this.firstToken = undefined;
      const reason = isRefresh ? "refresh" : this.link.needsNewToken ? "refused" : "connect";
      this.lastToken = await (shared ?? getToken(reason, this.lastToken));
      return this.lastToken;
    } catch {
      if (!isRefresh) this.socket.webSocket?.close();
      // The provider would go on with an empty token.
      return new Promise(() => {});
    }
  }

  /** Holds back the question for the document until the better part of the answer is here, or will not come. */
  private async fetchFirst(timers: Timers): Promise<void> {
    const { server, documentId, getToken, fetch = globalThis.fetch } = this.options;
    this.firstToken = getToken && (async () => getToken("connect"))();
    const token = this.firstToken ?? Promise.resolve("");
    const state = await loadFirst(
      { server, documentId, schema: SCHEMA_VERSION, token, fetch, timers },
      this.firstLoad.signal,
    );
    if (this.isClosed) return;
    if (state !== undefined && (this.epoch ?? state.epoch) === state.epoch) this.take(state);
    const wasAsked = this.firstLoadState === "asked";
    this.firstLoadState = "over";
    if (wasAsked) this.provider.forceSync();
  }

  /** With the provider as its origin: it came from the server, and is no edit of this person. */
  private take({ epoch, state, updates }: DocumentState): void {
    const apply = () => {
      if (state !== undefined) Y.applyUpdateV2(this.doc, state, this.provider);
      for (const update of updates) Y.applyUpdate(this.doc, update, this.provider);
    };
    try {
      Y.transact(this.doc, apply, this.provider, false);
    } catch {
      // What could not be read changed nothing; the socket brings it.
      return;
    }
    this.epoch = epoch;
  }

  private sending(frame: Frame, bytes: Uint8Array): readonly Uint8Array[] {
    if (frame.kind === "step1" && this.firstLoadState !== "over") {
      this.firstLoadState = "asked";
      return [];
    }
    if (frame.kind !== "step2" && frame.kind !== "update") return [bytes];
    const updates = splitUpdate(frame.update, LIMITS.clientWriteBytes);
    const clock = Y.getState(this.doc.store, this.doc.clientID);
    if (!this.tracker.mayLeave(frame.kind, clock, updates.length)) return [];
    if (updates.length === 1) return [bytes];
    return updates.map((update, part) =>
      writeFrame({ kind: part === 0 ? frame.kind : "update", name: frame.name, update }),
    );
  }

  private handshakeComplete(): void {
    this.link.handshakeComplete();
    this.isSynced.set(true);
  }

  private told(message: ServerMessage | undefined): void {
    switch (message?.type) {
      case "welcome":
        if (this.epoch !== undefined && this.epoch !== message.epoch) {
          // The document was replaced between the first load and the socket's opening.
          this.link.denied("EPOCH_MISMATCH");
          return;
        }
        this.epoch = message.epoch;
        this.role.set({ ...this.role.getSnapshot(), user: message.user });
        this.setStanding(message.role, message.writable);
        break;
      case "role":
        this.setStanding(message.role, message.writable);
        break;
      case "write-refused":
        this.tracker.announceRefusal(message.code);
        break;
      case "storage":
        this.tracker.storage(message.writable ? undefined : (message.code ?? "APPEND_FAILED"));
        break;
      case "title":
        this.title.set(message.title);
        break;
    }
  }

  private setStanding(role: Role, isWritable: boolean): void {
    this.tracker.standing(role, isWritable);
    this.role.set({ ...this.role.getSnapshot(), role });
    this.setWritable(isWritable && this.tracker.finalRefusal === undefined);
  }

  private setWritable(isWritable: boolean): void {
    this.role.set({ ...this.role.getSnapshot(), isWritable });
  }

  private listenToPage(timers: Timers): () => void {
    const endAway =
      typeof document === "undefined" ? () => {} : announceAway(this.awareness, document, timers);
    const endEvents = listenToPage({
      onAwake: () => this.link.retryNow(),
      onReturn: () => {
        if (this.awareness.getLocalState() === null) this.awareness.setLocalState({});
        this.link.retryNow();
      },
      isAtRisk: () => this.tracker.isAtRisk,
    });
    return () => {
      endAway();
      endEvents();
    };
  }
}

/** Of a page; undefined elsewhere, and where the browser forbids it to the page. */
function browserStorage(): Storage | undefined {
  try {
    return typeof window === "undefined" ? undefined : window.localStorage;
  } catch {
    return undefined;
  }
}
