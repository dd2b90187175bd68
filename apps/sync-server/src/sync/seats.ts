import { AppError } from "@octavo/schema";

/** How many connections there may be at once. */
export interface SeatLimits {
  perActor: number;
  perDocument: number;
}

/** Connections that are in or about to be, counted by who it is and by document. */
export class Seats {
  readonly #limits: SeatLimits;
  readonly #byActor = new Map<string, number>();
  readonly #byDocument = new Map<string, number>();

  constructor(limits: SeatLimits) {
    this.#limits = limits;
  }

  /** Takes a seat, which `leave` gives back. @throws TOO_MANY_CONNECTIONS where there is none; none is taken then */
  take(actor: string, documentId: string): void {
    const ofActor = this.#byActor.get(actor) ?? 0;
    const ofDocument = this.#byDocument.get(documentId) ?? 0;
    if (ofActor >= this.#limits.perActor) throw new AppError("TOO_MANY_CONNECTIONS", "By one person.");
    if (ofDocument >= this.#limits.perDocument)
      throw new AppError("TOO_MANY_CONNECTIONS", "In one document.");
    this.#byActor.set(actor, ofActor + 1);
    this.#byDocument.set(documentId, ofDocument + 1);
  }

  leave(actor: string, documentId: string): void {
    countDown(this.#byActor, actor);
    countDown(this.#byDocument, documentId);
  }
}

function countDown(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 0) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}
