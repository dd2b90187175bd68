import { setTimeout as wait } from "node:timers/promises";

/** Calls `act` at an even rate, catching up where a timer came late; resolves after the last call. */
export async function pace(count: number, perSecond: number, act: (index: number) => void): Promise<void> {
  const start = performance.now();
  let done = 0;
  while (done < count) {
    const due = Math.min(count, Math.floor(((performance.now() - start) * perSecond) / 1000) + 1);
    while (done < due) act(done++);
    if (done < count) await wait(1);
  }
}
