import { AppError, ERRORS, type ErrorCode, LIMITS, type LogLevel, type Role } from "@octavo/schema";
import type { Handshake, ServerMessage } from "@octavo/schema/protocol";
import type { Logger } from "pino";
import type { Access, AccessChange } from "../access/access.ts";
import { actorOf, type Identity } from "../accounts/identity.ts";
import type { Clock } from "../clock.ts";
import type { ClientSocket, SocketListener, SocketRequest } from "../documents/client-socket.ts";
import type { Gate } from "../documents/gate.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { DocumentMeta } from "../storage/document-store.ts";
import { Bytes, Malformed } from "./bytes.ts";
import type { Deliveries, Delivery } from "./deliveries.ts";
import { checkHandshake, decideEntry, type Entry, type Identify, isWritable } from "./entry.ts";
import { isStateVector } from "./guard.ts";
import { JoinPace } from "./join-pace.ts";
import { LazyMap } from "./lazy.ts";
import type { OpenRoom } from "./open-room.ts";
import { presenceUserOf, type Seat } from "./presence.ts";
import { type CatchUp, Reader } from "./reader.ts";
import type { Seats } from "./seats.ts";
import type { Turns, Worker } from "./turns.ts";
import {
  AUTH_TOKEN,
  ackFrame,
  authenticatedFrame,
  deniedFrame,
  MessageType,
  missedFrame,
  SyncType,
  serverMessageFrame,
  syncStepOneFrame,
  tokenRequestFrame,
} from "./upstream.ts";
import { type WriteEvents, Writes } from "./writes.ts";

/** What a connection asks of the rooms. */
export interface House {
  readonly access: Access;
  readonly identify: Identify;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly turns: Turns;
  /** Bounds how many documents are opened at once. */
  readonly openings: Gate;
  /** Time a socket may stay without saying who it is. */
  readonly authenticateMs: number;
  /** Of the room when it is loaded, else of the store. @throws NOT_FOUND, LOAD_FAILED */
  metaOf(documentId: string): Promise<DocumentMeta>;
  /** Loads the room and keeps it for this connection until `leave`. @throws LOAD_FAILED, DOCUMENT_DAMAGED, NOT_FOUND */
  enter(connection: SyncConnection): Promise<OpenRoom>;
  /** An editor of a newer schema is about to write: from now on older ones may not. */
  raiseSchema(open: OpenRoom, schemaVersion: number): Promise<void>;
  /** What the store says of itself. */
  storeMessage(): ServerMessage & { type: "storage" };
  leave(connection: SyncConnection, open: OpenRoom | undefined): void;
  readonly seats: Seats;
  readonly deliveries: Deliveries;
}

type State =
  | { name: "waiting" }
  | { name: "opening" }
  | { name: "open"; member: Member }
  | { name: "closed" };

/** What there is once access was decided and the room is loaded. */
interface Member {
  readonly actor: string;
  readonly seat: Seat;
  readonly room: OpenRoom;
  readonly writes: Writes;
  identity: Identity;
  role: Role;
  writable: boolean;
}

interface Inbound {
  frame: Uint8Array;
  arrivedAt: number;
}

/** What became of a frame: handled, handled as the last of this turn, or left for later. */
type Progress = "next" | "end-turn" | "wait";

/** Share of a turn: enough for a burst of typing, little enough that a flood delays nobody. */
const FRAMES_PER_TURN = 32;
const BYTES_PER_TURN = 256 * 1024;
const BUSY_READER_RETRY_MS = 50;
/** A fresh token is asked for so long before the old one ends; of one that lives shorter, after half its life. */
const TOKEN_RENEWAL_MS = 60_000;
/** Asked for again after half of what is left, down to this. */
const TOKEN_RETRY_MS = 250;

const NO_BYTES = new Uint8Array(0);
const UNDECIDED: Promise<void> = Promise.resolve();

/** One socket on one document: the server's side of Hocuspocus' protocol. */
export class SyncConnection implements SocketListener, Worker, CatchUp, WriteEvents {
  readonly documentId: string;
  readonly #socket: ClientSocket;
  readonly #reader: Reader;
  readonly #handshake: Handshake;
  /** Headers that say who it is: what may have to be asked again, and no more. */
  readonly #cookie: string | null;
  readonly #authorization: string | null;
  readonly #house: House;
  #state: State = { name: "waiting" };
  /** Access changed while this connection was being let in by what was decided before. */
  #isInDoubt = false;
  #decisions = UNDECIDED;
  #room: OpenRoom | undefined;
  #entry: Entry | undefined;
  /** For whom a seat was taken. */
  #seat: string | undefined;
  #token = "";
  /** A token that came is yet to be looked at. */
  #isRenewing = false;
  /** Every frame begins with it: varString of the document's id, for some clients with a session after a NUL. */
  #address: string | undefined;
  #addressBytes = NO_BYTES;
  /** The same bytes for every write that is on disk. */
  #ackFrame: Uint8Array | undefined;
  readonly #inbound: Inbound[] = [];
  #inboundBytes = 0;
  #isPaused = false;
  readonly #joinPace = new JoinPace();
  readonly #presencePace = new JoinPace();
  /** What was sent of states and is not read yet. */
  #deliveries: Delivery[] = [];
  readonly #timers = new LazyMap<"authenticate" | "renew" | "expire" | "reader", NodeJS.Timeout>();

  constructor(socket: ClientSocket, request: SocketRequest, house: House) {
    this.documentId = request.documentId;
    this.#socket = socket;
    this.#reader = new Reader(socket, this);
    this.#handshake = request.handshake;
    this.#cookie = request.headers.get("cookie");
    this.#authorization = request.headers.get("authorization");
    this.#house = house;
    this.#after("authenticate", house.authenticateMs, () => this.close("NOT_SIGNED_IN"));
  }

  get isOpen(): boolean {
    return this.#state.name === "open";
  }

  onFrame(frame: Uint8Array): void {
    if (this.#state.name === "closed") return;
    if (this.#state.name === "waiting" && this.#beginOpening(frame)) return;
    this.#inbound.push({ frame, arrivedAt: this.#house.clock.monotonic() });
    this.#inboundBytes += frame.length;
    this.#pauseOrResume();
    if (this.isOpen) this.#house.turns.schedule(this);
  }

  onClose(): void {
    this.#finish();
    this.#delivered();
  }

  onDrained(): void {
    this.#delivered();
    this.#reader.drained();
  }

  /** Ends the connection for a reason of ours. Nothing it sent and that was not admitted counts any more. */
  close(code?: ErrorCode): void {
    if (this.#state.name === "closed") return;
    this.#socket.close(code);
    if (code) {
      this.#log(ERRORS[code].logLevel, { event: "connection.closed", code });
      this.#house.metrics.closes.inc({ code });
    }
    this.#finish();
  }

  send(message: ServerMessage): void {
    if (this.isOpen) this.#socket.send(serverMessageFrame(this.#address!, message));
  }

  get address(): string {
    return this.#address ?? this.documentId;
  }

  sendUpdate(frame: Uint8Array, before: () => Uint8Array): void {
    this.#reader.sendUpdate(frame, before);
  }

  sendPresence(frame: Uint8Array): void {
    this.#reader.sendPresence(frame);
  }

  /** Schema version this client understands; undefined for one that did not say. */
  get schema(): number | undefined {
    return this.#handshake.schema;
  }

  /** Asks access again, where the change, which is of this document, may concern this connection. */
  async recheck(change: AccessChange): Promise<void> {
    if (this.#state.name === "opening") this.#isInDoubt = true;
    if (this.#state.name !== "open") return;
    const { member } = this.#state;
    if (!concerns(change, member)) return;
    try {
      await this.#decideAgain(member, change.sessionId !== undefined);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** From here on it belongs to the room. */
  #join(room: OpenRoom, { identity, actor, role }: Entry): void {
    const writable = this.#mayWrite;
    const writes = new Writes(room.room, this, {
      actor,
      isWritable: writable,
      turns: this.#house.turns,
      events: this,
    });
    const user = presenceUserOf(identity);
    const { epoch, schemaVersion } = room.room.meta;
    this.#socket.send(authenticatedFrame(this.address, writable));
    this.#socket.send(
      serverMessageFrame(this.address, {
        type: "welcome",
        role,
        writable,
        epoch,
        schema: schemaVersion,
        user,
      }),
    );
    const seat = room.presence.enter(this, { actor, user });
    this.#state = {
      name: "open",
      member: { actor, room, seat, writes, identity, role, writable },
    };
    const storage = this.#house.storeMessage();
    if (!storage.writable) this.send(storage);
    room.joined(this);
    this.#log("debug", { event: "connection.opened", role, writable });
    this.#watchExpiry(identity);
    this.#pauseOrResume();
    this.#house.turns.schedule(this);
  }

  get #mayWrite(): boolean {
    const entry = this.#entry;
    const kind = this.#room?.room.meta.kind;
    if (entry === undefined || kind === undefined) return false;
    return isWritable(entry.role, entry.identity, this.#handshake, kind);
  }

  work(): boolean {
    let frames = 0;
    let bytes = 0;
    while (this.isOpen && this.#inbound.length > 0 && frames < FRAMES_PER_TURN && bytes < BYTES_PER_TURN) {
      const inbound = this.#inbound[0]!;
      const progress = this.#take(inbound);
      if (progress === "wait" || !this.isOpen) return false;
      this.#inbound.shift();
      this.#inboundBytes -= inbound.frame.length;
      frames++;
      bytes += inbound.frame.length;
      if (progress === "end-turn") break;
    }
    this.#pauseOrResume();
    return this.isOpen && this.#inbound.length > 0;
  }

  /** True when the frame was the Auth frame. Anything before it waits: some clients send early. */
  #beginOpening(frame: Uint8Array): boolean {
    try {
      const input = new Bytes(frame);
      const address = input.string(LIMITS.tokenLength);
      // A copy: `slice` of a Buffer would be a view that keeps the whole frame.
      const addressBytes = new Uint8Array(input.read);
      const [documentId] = address.split("\0", 1);
      if (documentId !== this.documentId) {
        this.close("NOT_FOUND");
        return true;
      }
      if (input.uint() !== MessageType.Auth) return false;
      if (input.uint() !== AUTH_TOKEN) throw new Malformed("not a token");
      this.#token = input.string(LIMITS.tokenLength);
      this.#address = address;
      this.#addressBytes = addressBytes;
    } catch (error) {
      this.#failReading(error);
      return true;
    }
    this.#state = { name: "opening" };
    void this.#open();
    return true;
  }

  async #open(): Promise<void> {
    this.#clear("authenticate");
    try {
      await this.#house.openings.run(() => this.#comeIn());
      // Nothing of the document may go to somebody of whom it was decided meanwhile.
      while (this.#isInDoubt) await this.#decideWhileOpening();
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#isClosed()) return;
    this.#socket.trust();
    this.#join(this.#room!, this.#entry!);
  }

  /** Decides access and holds the room. */
  async #comeIn(): Promise<void> {
    if (this.#isClosed()) return;
    const handshake = this.#handshake;
    this.#entry = await this.#decide();
    if (this.#isClosed()) return;
    this.#house.seats.take(this.#entry.actor, this.documentId);
    this.#seat = this.#entry.actor;
    checkHandshake(handshake, await this.#house.metaOf(this.documentId));
    const room = await this.#house.enter(this);
    if (this.#isClosed()) {
      this.#house.leave(this, room);
      return;
    }
    this.#room = room;
    checkHandshake(handshake, room.room.meta);
    if (this.#mayWrite && handshake.schema !== undefined) {
      await this.#house.raiseSchema(room, handshake.schema);
    }
  }

  #decide(): Promise<Entry> {
    return decideEntry(this.#house, this.documentId, { headers: this.#headers(), token: this.#token });
  }

  async #decideWhileOpening(): Promise<void> {
    this.#isInDoubt = false;
    this.#entry = await this.#decide();
    // Its seat is somebody else's.
    if (this.#entry.actor !== this.#seat) throw new AppError("NOT_SIGNED_IN");
  }

  #take({ frame, arrivedAt }: Inbound): Progress {
    if (this.#state.name !== "open") return "next";
    const { member } = this.#state;
    try {
      const input = new Bytes(frame);
      if (!input.skipIfNext(this.#addressBytes)) throw new Malformed("another document's address");
      const type = input.uint();
      switch (type) {
        case MessageType.Sync:
        case MessageType.SyncReply:
          return this.#takeSync(member, input, arrivedAt);
        case MessageType.Awareness:
          if (!member.room.presence.receive(member.seat, input.block()))
            throw new Malformed("not an awareness update");
          return "next";
        case MessageType.Auth:
          if (input.uint() === AUTH_TOKEN) this.#renew(member, input.string(LIMITS.tokenLength));
          return "next";
        case MessageType.CLOSE:
          this.close();
          return "next";
        case MessageType.QueryAwareness:
          if (this.#isReaderBusy(arrivedAt) || this.#isAskingTooOften(this.#presencePace)) return "wait";
          this.#tellWhoIsThere();
          return "next";
        case MessageType.Stateless:
        case MessageType.SyncStatus:
          // The server's to send.
          return "next";
        default:
          throw new Malformed("an unknown type of message");
      }
    } catch (error) {
      this.#failReading(error);
      return "next";
    }
  }

  #takeSync(member: Member, input: Bytes, arrivedAt: number): Progress {
    const type = input.uint();
    const content = input.block();
    if (!input.isAtEnd) throw new Malformed("bytes after the end");
    switch (type) {
      case SyncType.step1:
        if (!isStateVector(content)) throw new Malformed("not a state vector");
        if (this.#isReaderBusy(arrivedAt) || this.#isAskingTooOften(this.#joinPace)) return "wait";
        if (this.#hasToQueue(member)) return "wait";
        this.#answerStep1(member, content);
        // Only after the turn is it known how much waits for the reader.
        return "end-turn";
      case SyncType.step2:
        member.writes.receive("step2", content, arrivedAt);
        return "next";
      case SyncType.update:
        member.writes.receive("update", content, arrivedAt);
        return "next";
      default:
        throw new Malformed("an unknown type of sync message");
    }
  }

  /**
   * Whether a state has to wait for what was sent before: 14 bytes of request may ask for 30 MB of answer. The
   * connection ends when it waits too long.
   */
  #isReaderBusy(arrivedAt: number): boolean {
    if (this.#socket.bufferedBytes <= LIMITS.slowReaderBytes) return false;
    if (this.#house.clock.monotonic() - arrivedAt > LIMITS.slowReaderMs) this.close("TOO_SLOW");
    else this.#after("reader", BUSY_READER_RETRY_MS, () => this.#house.turns.schedule(this));
    return true;
  }

  #isAskingTooOften(pace: JoinPace): boolean {
    const waitMs = pace.waitMs(this.#house.clock.monotonic());
    if (waitMs <= 0) return false;
    this.#after("reader", waitMs, () => this.#house.turns.schedule(this));
    return true;
  }

  /** Whether too much is on its way, to this person or to all, or was made for this person of late. */
  #hasToQueue({ actor }: Member): boolean {
    const { deliveries, clock, turns } = this.#house;
    if (deliveries.isReady(actor, clock.monotonic())) return false;
    this.#after("reader", BUSY_READER_RETRY_MS, () => turns.schedule(this));
    return true;
  }

  #answerStep1(member: Member, vector: Uint8Array): void {
    const { clock } = this.#house;
    const startedAt = clock.monotonic();
    const bytes = this.#deliver(() => {
      const { step2, step1 } = member.room.joins.answer(this.#address!, vector);
      return [step2, step1];
    });
    this.#joinPace.answered(bytes, startedAt, clock.monotonic());
  }

  /** Sends frames that may be as large as the document. Returns the size of the first. */
  #deliver(make: () => Uint8Array[]): number {
    const { deliveries, clock } = this.#house;
    const actor = this.#seat!;
    const startedAt = clock.monotonic();
    const frames = make();
    const now = clock.monotonic();
    deliveries.worked(actor, now - startedAt, now);
    const [state] = frames;
    const delivery = deliveries.begin(actor, state!, now, () => this.close("TOO_SLOW"));
    if (delivery) this.#deliveries.push(delivery);
    for (const frame of frames) this.#socket.send(frame);
    if (delivery) this.#reader.sentMuch();
    return state!.length;
  }

  #delivered(): void {
    for (const delivery of this.#deliveries.splice(0)) delivery.end();
  }

  acked(arrivedAt: number): void {
    const { metrics, clock } = this.#house;
    metrics.ackSeconds.observe((clock.monotonic() - arrivedAt) / 1000);
    this.#ackFrame ??= ackFrame(this.address, true);
    this.#socket.send(this.#ackFrame);
    this.#pauseOrResume();
  }

  refused(code: ErrorCode, reason: string): void {
    this.#log(ERRORS[code].logLevel, { event: "write.refused", code, reason });
    this.send({ type: "write-refused", code });
    this.#socket.send(ackFrame(this.#address!, false));
  }

  tooSlow(): void {
    this.close("TOO_SLOW");
  }

  #tellWhoIsThere(): void {
    const { clock } = this.#house;
    const startedAt = clock.monotonic();
    const frame = this.presenceFrame();
    if (frame === undefined) return;
    this.#reader.sendPresence(frame);
    this.#presencePace.answered(frame.length, startedAt, clock.monotonic());
  }

  isReady(): boolean {
    return this.#house.deliveries.isReady(this.#seat!, this.#house.clock.monotonic());
  }

  sendMissed(since: Uint8Array): void {
    this.#deliver(() => [missedFrame(this.address, this.#room!.room.document, since)]);
  }

  presenceFrame(): Uint8Array | undefined {
    if (this.#state.name !== "open") return undefined;
    const { room, seat } = this.#state.member;
    return room.presence.frameOfAll(seat);
  }

  /** The other side has, or had, what the room lacks. */
  missing(): void {
    this.#socket.send(syncStepOneFrame(this.#address!, this.#room!.room.document));
  }

  /** A fresh token, of the same person, before the old one ends. */
  #renew(member: Member, token: string): void {
    this.#token = token;
    // A flood of tokens costs two decisions: the one under way, and one with the last token.
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    const decided = this.#decisions.then(() => {
      this.#isRenewing = false;
      return this.#decideNow(member, true);
    });
    this.#decisions = decided.catch(() => {});
    decided.catch(error => this.#fail(error));
  }

  /** One decision after another: of two, the one that was asked for later has to stay. */
  #decideAgain(member: Member, isIdentityInDoubt: boolean): Promise<void> {
    const decided = this.#decisions.then(() => this.#decideNow(member, isIdentityInDoubt));
    this.#decisions = decided.catch(() => {});
    return decided;
  }

  async #decideNow(member: Member, isIdentityInDoubt: boolean): Promise<void> {
    const { access, identify } = this.#house;
    let { identity } = member;
    if (isIdentityInDoubt) {
      const now = await identify(this.#headers(), this.#token || undefined);
      if (now === undefined || actorOf(now) !== member.seat.actor) throw new AppError("NOT_SIGNED_IN");
      identity = now;
    }
    const decision = await access.decide(identity, this.documentId);
    if (this.#isClosed()) return;
    if (decision === undefined) throw new AppError("FORBIDDEN");
    member.identity = identity;
    this.#watchExpiry(identity);
    this.#setRole(member, decision.role);
  }

  /** The server is silent towards writes before the client hears of it. */
  #setRole(member: Member, role: Role): void {
    const { kind } = member.room.room.meta;
    const writable = isWritable(role, member.identity, this.#handshake, kind);
    if (role === member.role && writable === member.writable) return;
    const isRegained = writable && !member.writable;
    member.role = role;
    member.writable = writable;
    member.writes.setWritable(writable);
    this.send({ type: "role", role, writable });
    if (isRegained) this.missing();
  }

  #watchExpiry(identity: Identity): void {
    if (identity.kind === "token") {
      const endsAt = identity.claims.exp * 1000;
      this.#after("expire", endsAt - this.#house.clock.now(), () => this.close("TOKEN_EXPIRED"));
      this.#askForTokenBefore(endsAt);
    } else if (identity.kind === "user") {
      // A session that is used elsewhere lives longer than it was said here.
      this.#after("expire", identity.sessionEndsAt - this.#house.clock.now(), () => {
        if (this.#state.name === "open") this.#renew(this.#state.member, this.#token);
      });
    }
  }

  /** Early enough, and again while no answer comes: the host's own server may be away for a moment. */
  #askForTokenBefore(endsAt: number): void {
    const leftMs = endsAt - this.#house.clock.now();
    const delayMs = Math.max(leftMs - TOKEN_RENEWAL_MS, leftMs / 2);
    if (delayMs < TOKEN_RETRY_MS) return;
    this.#after("renew", delayMs, () => {
      this.#socket.send(tokenRequestFrame(this.#address!));
      this.#askForTokenBefore(endsAt);
    });
  }

  #pauseOrResume(): void {
    const writes = this.#state.name === "open" ? this.#state.member.writes : undefined;
    const bytes = this.#inboundBytes + (writes?.outstandingBytes ?? 0);
    const frames = this.#inbound.length + (writes?.outstandingFrames ?? 0);
    const share = Math.max(bytes / LIMITS.inboundQueueBytes, frames / LIMITS.inboundQueueFrames);
    if (!this.#isPaused && share >= 1) {
      this.#isPaused = true;
      this.#socket.pause();
    } else if (this.#isPaused && share <= 0.5) {
      this.#isPaused = false;
      this.#socket.resume();
    }
  }

  #fail(error: unknown): void {
    if (this.#isClosed()) return;
    const code = error instanceof AppError ? error.code : "INTERNAL";
    if (code === "INTERNAL") this.#log("error", { event: "connection.failed", error });
    if (this.#address !== undefined && !this.isOpen) this.#socket.send(deniedFrame(this.#address, code));
    this.close(code);
  }

  #failReading(error: unknown): void {
    if (!(error instanceof Malformed)) throw error;
    this.#log("debug", { event: "frame.malformed", reason: error.message });
    this.close("MALFORMED_FRAME");
  }

  /** Without a child of the logger for each connection: it would be kept for a line or two. */
  #log(level: LogLevel, fields: { event: string; [field: string]: unknown }): void {
    this.#house.log[level]({ documentId: this.documentId, ...fields });
  }

  #headers(): Headers {
    const headers = new Headers();
    if (this.#cookie !== null) headers.set("cookie", this.#cookie);
    if (this.#authorization !== null) headers.set("authorization", this.#authorization);
    return headers;
  }

  #isClosed(): boolean {
    return this.#state.name === "closed";
  }

  #finish(): void {
    if (this.#state.name === "closed") return;
    const member = this.#state.name === "open" ? this.#state.member : undefined;
    this.#state = { name: "closed" };
    this.#inbound.length = 0;
    this.#reader.stop();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    member?.writes.close();
    member?.room.presence.leave(member.seat);
    if (this.#seat !== undefined) this.#house.seats.leave(this.#seat, this.documentId);
    this.#house.leave(this, this.#room);
  }

  #after(name: "authenticate" | "renew" | "expire" | "reader", ms: number, act: () => void): void {
    this.#clear(name);
    this.#timers.set(name, setTimeout(act, Math.min(Math.max(ms, 0), 2 ** 31 - 1)));
  }

  #clear(name: "authenticate"): void;
  #clear(name: "authenticate" | "renew" | "expire" | "reader"): void;
  #clear(name: "authenticate" | "renew" | "expire" | "reader"): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}

function concerns(change: AccessChange, { identity, actor }: Member): boolean {
  const { sessionId, keyId } = change;
  if (identity.kind === "token") return concernsToken(change, identity.claims.iss);
  if (change.actor !== undefined && change.actor !== actor) return false;
  if (sessionId !== undefined) return identity.kind === "user" && identity.sessionId === sessionId;
  return keyId === undefined || (identity.kind === "api-key" && identity.keyId === keyId);
}

/** What a token may do hangs on the account or the key that made it, not on the session in which that was. */
function concernsToken({ actor, sessionId, keyId }: AccessChange, issuer: string): boolean {
  if (sessionId !== undefined) return false;
  if (keyId !== undefined) return issuer === `key:${keyId}`;
  return actor === undefined || actor === issuer || issuer.startsWith("key:");
}
