import { LIMITS } from "@octavo/schema";
import { networkOf } from "../accounts/rate-limiter.ts";

export interface LineLimits {
  /** Places of one network (an address, an IPv6 /64), and of all. */
  placesPerNetwork: number;
  places: number;
  /** Those who wait for one, of one network and of all. */
  waitingPerNetwork: number;
  waiting: number;
  waitMs: number;
}

/** Somebody at the door. */
export interface Visit {
  /** True with a place; false when there is none in time, or no room to wait for one. */
  readonly entered: Promise<boolean>;
  /** Gives back the place, or ends the wait, once. */
  leave(): void;
}

interface Visitor {
  state: "waiting" | "inside" | "gone";
  enter(hasPlace: boolean): void;
  timer: NodeJS.Timeout | undefined;
}

interface Network {
  inside: number;
  /** In the order of their coming; those who left stay until their turn. */
  line: Set<Visitor>;
}

/** Let in within one turn of the event loop: an upgrade costs about 0.1 ms, and others have to be served between. */
const ENTRIES_PER_TURN = 32;

/** A line with the limits of the table. */
export function createLine(): Line {
  return new Line({
    placesPerNetwork: LIMITS.strangersPerNetwork,
    places: LIMITS.strangers,
    waitingPerNetwork: LIMITS.waitingPerNetwork,
    waiting: LIMITS.waiting,
    waitMs: LIMITS.waitingMs,
  });
}

/**
 * The line at the door: places for strangers, who have not shown who they are, and an order for those who wait for
 * one. A person holds a place for milliseconds; who says nothing holds it until the deadline, and keeps nobody waiting
 * outside the own network. Networks take turns.
 */
export class Line {
  readonly #limits: LineLimits;
  readonly #networks = new Map<string, Network>();
  /** Networks with a line, in the order of their turns. */
  readonly #waitingNetworks = new Set<Network>();
  #inside = 0;
  #waiting = 0;
  #entriesLeft = ENTRIES_PER_TURN;
  #turn: NodeJS.Immediate | undefined;
  #isClosed = false;

  constructor(limits: LineLimits) {
    this.#limits = limits;
  }

  /** How many stand in line. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Asks for a place for somebody at that address. */
  enter(address: string): Visit {
    const key = networkOf(address);
    const network = this.#networks.get(key) ?? { inside: 0, line: new Set() };
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const visitor: Visitor = { state: "waiting", enter: resolve, timer: undefined };
    const visit = { entered: promise, leave: () => this.#leave(key, network, visitor) };
    if (!this.#makeRoom(network)) {
      visitor.state = "gone";
      resolve(false);
      return visit;
    }
    this.#networks.set(key, network);
    network.line.add(visitor);
    this.#waiting++;
    this.#waitingNetworks.add(network);
    this.#letIn();
    if (visitor.state === "waiting") {
      visitor.timer = setTimeout(() => this.#leave(key, network, visitor), this.#limits.waitMs).unref();
    }
    return visit;
  }

  /** Sends away everybody who waits, and who comes. */
  close(): void {
    this.#isClosed = true;
    for (const network of this.#waitingNetworks) {
      for (const visitor of network.line) this.#sendAway(network, visitor);
    }
  }

  /** Whether one more of this network may wait; when the line is full, the longest gives one up for a shorter. */
  #makeRoom({ line }: Network): boolean {
    if (this.#isClosed || line.size >= this.#limits.waitingPerNetwork) return false;
    if (this.#waiting < this.#limits.waiting) return true;
    let longest: Network | undefined;
    for (const network of this.#waitingNetworks) {
      if (longest === undefined || network.line.size > longest.line.size) longest = network;
    }
    if (longest === undefined || longest.line.size <= line.size + 1) return false;
    this.#sendAway(longest, [...longest.line].at(-1)!);
    return true;
  }

  #leave(key: string, network: Network, visitor: Visitor): void {
    if (visitor.state === "waiting") {
      this.#sendAway(network, visitor);
    } else if (visitor.state === "inside") {
      visitor.state = "gone";
      network.inside--;
      this.#inside--;
      this.#letIn();
    }
    if (network.inside === 0 && network.line.size === 0 && this.#networks.get(key) === network)
      this.#networks.delete(key);
  }

  #sendAway(network: Network, visitor: Visitor): void {
    this.#takeFromLine(network, visitor);
    visitor.state = "gone";
    visitor.enter(false);
  }

  #takeFromLine(network: Network, visitor: Visitor): void {
    clearTimeout(visitor.timer);
    network.line.delete(visitor);
    this.#waiting--;
    if (network.line.size === 0) this.#waitingNetworks.delete(network);
  }

  /** One of each network in turn, as long as there are places and this turn has time. */
  #letIn(): void {
    const { places, placesPerNetwork } = this.#limits;
    // A network that is let in and has a line is put behind the others, and so comes again.
    for (const network of this.#waitingNetworks) {
      if (this.#inside >= places) break;
      if (network.inside >= placesPerNetwork) continue;
      if (this.#entriesLeft === 0) break;
      this.#letInFirst(network);
    }
    if (this.#entriesLeft < ENTRIES_PER_TURN) this.#turn ??= setImmediate(() => this.#nextTurn());
  }

  #letInFirst(network: Network): void {
    const first = network.line.values().next().value!;
    this.#takeFromLine(network, first);
    // Behind the other networks.
    if (this.#waitingNetworks.delete(network)) this.#waitingNetworks.add(network);
    first.state = "inside";
    network.inside++;
    this.#inside++;
    this.#entriesLeft--;
    first.enter(true);
  }

  #nextTurn(): void {
    this.#turn = undefined;
    this.#entriesLeft = ENTRIES_PER_TURN;
    this.#letIn();
  }
}
