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
  readonly latencies: number[] = [];

  constructor(client: LoadClient) {
    this.client = client;
    client.onContent = content => this.#read(content);
  }

  #read(content: Uint8Array): void {
    const now = performance.now();
    const { from, to } = parseUpdateMeta(content);
    for (const [client, clock] of to) {
      for (let seen = from.get(client) ?? clock; this.sentAt && seen < clock; seen++) {
        const sent = this.sentAt.get(`${client}:${seen}`);
        if (sent !== undefined && seen >= (this.clocks.get(client) ?? 0)) this.latencies.push(now - sent);
      }
      this.clocks.set(client, Math.max(clock, this.clocks.get(client) ?? 0));
    }
  }

  /** Resolves when everything these typists have typed so far is here. @throws Error when it does not come */
  async saw(typists: readonly Typist[], withinMs = 60_000): Promise<void> {
    const here = () =>
      typists.filter(({ clientId, clock }) => (this.clocks.get(clientId) ?? 0) >= clock).length;
    await reached(here, typists.length, withinMs);
  }
}
