import { parseUpdateMeta } from "yjs";
import type { LoadClient } from "./load-client.ts";
import { reached } from "./settled.ts";
import type { Typist } from "./typist.ts";

/** Somebody who reads every update and knows what is there: for each Yjs client, the clock below which all came. */
export class Witness {
  readonly client: LoadClient;
  readonly clocks = new Map<number, number>();
  /** `{clientId}:{clock}` → time it was sent. */
  sentAt: ReadonlyMap<string, number> | undefined;
  readonly #latencies: { client: number; ms: number }[] = [];

  constructor(client: LoadClient) {
    this.client = client;
    client.onContent = content => this.#read(content);
  }

  /** Of letters of the Yjs clients that `accepts` takes. */
  latenciesOf(accepts: (client: number) => boolean = () => true): number[] {
    return this.#latencies.filter(({ client }) => accepts(client)).map(({ ms }) => ms);
  }

  /** Whether the letter is here, and all before it. */
  has(client: number, clock: number): boolean {
    return (this.clocks.get(client) ?? 0) > clock;
  }

  /** Resolves when everything these typists have typed so far is here. @throws Error when it does not come */
  async saw(typists: readonly Typist[], withinMs = 60_000): Promise<void> {
    const here = () => typists.filter(({ clientId, clock }) => this.has(clientId, clock - 1)).length;
    await reached(here, typists.length, withinMs);
  }

  #read(content: Uint8Array): void {
    const now = performance.now();
    const { from, to } = parseUpdateMeta(content);
    for (const [client, clock] of to) {
      const known = this.clocks.get(client) ?? 0;
      for (let seen = Math.max(known, from.get(client) ?? clock); this.sentAt && seen < clock; seen++) {
        const sent = this.sentAt.get(`${client}:${seen}`);
        if (sent !== undefined) this.#latencies.push({ client, ms: now - sent });
      }
      this.clocks.set(client, Math.max(clock, known));
    }
  }
}
