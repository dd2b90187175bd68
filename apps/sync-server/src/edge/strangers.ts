import { networkOf } from "../accounts/rate-limiter.ts";

/** How many sockets may wait at once to be told whether they may come in. */
export interface StrangerLimits {
  perNetwork: number;
  inAll: number;
}

/**
 * Places for sockets that have not shown who they are. A person holds one for milliseconds; somebody who opens
 * sockets and says nothing holds them until the deadline, and finds no more.
 */
export class Strangers {
  readonly #limits: StrangerLimits;
  readonly #byNetwork = new Map<string, number>();
  #all = 0;

  constructor(limits: StrangerLimits) {
    this.#limits = limits;
  }

  /** Takes a place for a socket of that address; undefined where none is left. The answer gives it back, once. */
  enter(address: string): (() => void) | undefined {
    const network = networkOf(address);
    const inNetwork = this.#byNetwork.get(network) ?? 0;
    if (this.#all >= this.#limits.inAll || inNetwork >= this.#limits.perNetwork) return undefined;
    this.#all++;
    this.#byNetwork.set(network, inNetwork + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#all--;
      const left = this.#byNetwork.get(network)! - 1;
      if (left > 0) this.#byNetwork.set(network, left);
      else this.#byNetwork.delete(network);
    };
  }
}
