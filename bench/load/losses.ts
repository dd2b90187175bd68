import type { Stage } from "../stage.ts";
import type { LoadClient } from "./load-client.ts";
import type { Typist } from "./typist.ts";
import { Witness } from "./witness.ts";

/** Somebody who types and remembers which letters the server has answered. */
export interface TypedLetters {
  readonly client: LoadClient;
  readonly typist: Typist;
  /** Sends the next letter; the first call makes the paragraph. */
  type(): void;
  /** Clock below which everything was answered. */
  acked(): number;
}

export function startTyping(people: readonly LoadClient[], typists: readonly Typist[]): TypedLetters[] {
  return people.map((client, index) => {
    const typist = typists[index]!;
    const unanswered: number[] = [];
    let acked = 0;
    let isBegun = false;
    client.onAck = () => {
      acked = unanswered.shift() ?? acked;
    };
    return {
      client,
      typist,
      acked: () => acked,
      type() {
        const update = isBegun ? typist.type() : typist.begin;
        isBegun = true;
        unanswered.push(typist.clock);
        client.sendUpdate(update);
      },
    };
  });
}

/** Opens every document anew and counts the letters that are gone: answered ones, and ones that `seen` tells of. */
export async function countLost(
  stage: Stage,
  typed: readonly TypedLetters[],
  seen: readonly Witness[] = [],
): Promise<{ acked: number; seen: number }> {
  const lost = { acked: 0, seen: 0 };
  for (const [document, { typist, acked }] of typed.entries()) {
    const reader = await stage.person(document);
    const witness = new Witness(reader);
    await reader.join();
    const here = witness.clocks.get(typist.clientId) ?? 0;
    lost.acked += Math.max(0, acked() - here);
    lost.seen += Math.max(0, (seen[document]?.clocks.get(typist.clientId) ?? 0) - here);
    reader.drop();
  }
  return lost;
}
