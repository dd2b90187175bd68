import { Hocuspocus, type HocuspocusDocument, type HookName, type HookPayloadByName } from "./upstream.ts";

/** What Hocuspocus' hooks may do here; absent ones cost nothing. */
export type HookListeners = { [Name in HookName]?: (payload: HookPayloadByName[Name]) => unknown };

/** Hooks that Hocuspocus calls without awaiting or catching: a rejection there would end the process. */
const FLOATING: ReadonlySet<HookName> = new Set([
  "onConfigure",
  "onStateless",
  "onChange",
  "onAwarenessUpdate",
  "beforeBroadcastStateless",
  "onDisconnect",
  "onTokenSync",
  "afterUnloadDocument",
  "onDestroy",
]);

const DONE: Promise<unknown> = Promise.resolve();

/** Hocuspocus wants to know for whom a document is loaded. It is for a room. */
const NO_REQUEST = new Request("http://room.invalid/");

/**
 * Of each room's Doc. Its guid names sub-documents, of which there are none; the one that Yjs makes costs 32 calls of
 * the system's random source.
 */
const ROOM_OPTIONS = { gc: true, gcFilter: () => true, guid: "room" };

export interface EngineOptions {
  hooks: HookListeners;
  /** Time a room stays loaded after its last holder left. */
  lingerMs: number;
  /** Whether an append or an apply of the document is outstanding: such a room is not unloaded. */
  isBusy(documentId: string): boolean;
  /** Called when a room had no holder for `lingerMs`; ends in `unloadIfIdle`. */
  onIdle(documentId: string): void;
  /** Called with what a hook threw that nobody awaits. */
  onHookError(hook: HookName, error: unknown): void;
}

/**
 * Hocuspocus without its connections, its stores and its unload race: a room is held from before it is loaded until
 * its last holder lets go, and a little longer.
 */
export class Engine extends Hocuspocus {
  readonly #options: EngineOptions;
  readonly #holders = new Map<string, number>();
  readonly #lingering = new Map<string, NodeJS.Timeout>();

  constructor(options: EngineOptions) {
    // No configuration here: the parent's constructor would call `hooks` before our fields exist.
    super();
    this.#options = options;
    this.configuration = {
      ...this.configuration,
      quiet: true,
      yDocOptions: ROOM_OPTIONS,
    };
  }

  /** Loads the room unless it is there, and keeps it until `release`. @throws what loading throws; nothing is held then */
  async hold(documentId: string): Promise<HocuspocusDocument> {
    this.#pin(documentId);
    try {
      return await this.createDocument(documentId, NO_REQUEST, "", {
        isAuthenticated: true,
        readOnly: false,
      });
    } catch (error) {
      this.#unpin(documentId);
      throw error;
    }
  }

  /** Lets go of a room that `hold` gave. */
  release(documentId: string): void {
    this.#unpin(documentId);
    if (this.#holders.has(documentId) || !this.documents.has(documentId)) return;
    this.#linger(documentId);
  }

  /** Unloads the room unless somebody holds it or something of it is outstanding; true when it is gone. */
  async unloadIfIdle(documentId: string): Promise<boolean> {
    const document = this.documents.get(documentId);
    if (document === undefined) return true;
    clearTimeout(this.#lingering.get(documentId));
    this.#lingering.delete(documentId);
    await this.unloadDocument(document);
    if (this.documents.get(documentId) !== document) return true;
    if (!this.#holders.has(documentId)) this.#linger(documentId);
    return false;
  }

  /** Rooms that nobody holds, those longest left first. */
  get idle(): string[] {
    return [...this.#lingering.keys()];
  }

  /** Ends every timer; rooms stay loaded. */
  stop(): void {
    for (const timer of this.#lingering.values()) clearTimeout(timer);
    this.#lingering.clear();
  }

  override shouldUnloadDocument(document: HocuspocusDocument): boolean {
    const { name } = document;
    if (this.#holders.has(name) || this.#lingering.has(name) || this.#options.isBusy(name)) return false;
    return super.shouldUnloadDocument(document);
  }

  /** Stores nothing: the log has every update already, and checkpoints have a schedule of their own. */
  override storeDocumentHooks(): Promise<unknown> {
    return DONE;
  }

  override hooks<Name extends HookName>(name: Name, payload: HookPayloadByName[Name]): Promise<unknown> {
    const listener = this.#options?.hooks[name];
    if (listener === undefined) return DONE;
    const outcome = callNow(() => listener(payload));
    if (!FLOATING.has(name)) return outcome;
    return outcome.catch(error => this.#options.onHookError(name, error));
  }

  #pin(documentId: string): void {
    this.#holders.set(documentId, (this.#holders.get(documentId) ?? 0) + 1);
    clearTimeout(this.#lingering.get(documentId));
    this.#lingering.delete(documentId);
  }

  #unpin(documentId: string): void {
    const holders = (this.#holders.get(documentId) ?? 0) - 1;
    if (holders > 0) this.#holders.set(documentId, holders);
    else this.#holders.delete(documentId);
  }

  #linger(documentId: string): void {
    clearTimeout(this.#lingering.get(documentId));
    // Put at the end: the order is that in which they were left.
    this.#lingering.delete(documentId);
    const timer = setTimeout(() => {
      this.#lingering.delete(documentId);
      this.#options.onIdle(documentId);
    }, this.#options.lingerMs);
    timer.unref();
    this.#lingering.set(documentId, timer);
  }
}

/** Runs at once, as Hocuspocus' listeners of `update` expect; a throw becomes a rejection. */
async function callNow(call: () => unknown): Promise<unknown> {
  return call();
}
