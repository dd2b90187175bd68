import { AppError } from "@octavo/schema";
import { networkOf } from "../accounts/rate-limiter.ts";

export interface UnreadLimits {
  perNetwork: number;
  all: number;
}

/** Bodies on their way, each once however many ask for it. */
class Bodies {
  readonly #answersOf = new Map<Uint8Array, number>();
  bytes = 0;

  get isEmpty(): boolean {
    return this.#answersOf.size === 0;
  }

  add(body: Uint8Array): void {
    const answers = this.#answersOf.get(body) ?? 0;
    if (answers === 0) this.bytes += body.length;
    this.#answersOf.set(body, answers + 1);
  }

  delete(body: Uint8Array): void {
    const answers = this.#answersOf.get(body)! - 1;
    if (answers > 0) this.#answersOf.set(body, answers);
    else {
      this.#answersOf.delete(body);
      this.bytes -= body.length;
    }
  }
}

/**
 * Large answers that were not read yet. A request of 200 bytes may ask for a whole document, and who asks need not
 * read: so there is a bound on those of one network (an address, an IPv6 /64), and of all.
 */
export class UnreadAnswers {
  readonly #limits: UnreadLimits;
  readonly #all = new Bodies();
  readonly #networks = new Map<string, Bodies>();

  constructor(limits: UnreadLimits) {
    this.#limits = limits;
  }

  /** @throws TOO_MANY_REQUESTS where too much waits already for this network, or for all */
  check(address: string): void {
    const bytes = this.#networks.get(networkOf(address))?.bytes ?? 0;
    if (bytes >= this.#limits.perNetwork || this.#all.bytes >= this.#limits.all)
      throw new AppError("TOO_MANY_REQUESTS", undefined, { details: { retryAfter: 5 } });
  }

  /** Counts a body until the function that it returns is called. @throws what `check` throws */
  add(address: string, body: Uint8Array): () => void {
    this.check(address);
    const key = networkOf(address);
    const network = this.#networks.get(key) ?? new Bodies();
    this.#networks.set(key, network);
    network.add(body);
    this.#all.add(body);
    return () => {
      network.delete(body);
      this.#all.delete(body);
      if (network.isEmpty && this.#networks.get(key) === network) this.#networks.delete(key);
    };
  }
}
