import type { ServerResponse } from "node:http";
import { LIMITS } from "@octavo/schema";
import {
  CLOSE_HEADER,
  type CloseNotice,
  FRAME_HEADER,
  FRAMES_TYPE,
  writeFrames,
} from "@octavo/schema/protocol";
import { abandonResponse } from "./abandon-response.ts";
import type { HttpClient, Outlet } from "./http-client.ts";

/** One poll: answered with the frames that wait as soon as there is one, else after a while with nothing. */
export class LongPoll implements Outlet {
  readonly transport = "long-poll";
  readonly #response: ServerResponse;
  readonly #client: HttpClient;
  readonly #timer: NodeJS.Timeout;
  #isAnswered = false;

  constructor(response: ServerResponse, client: HttpClient, pollMs: number) {
    this.#response = response;
    this.#client = client;
    this.#timer = setTimeout(() => this.#answerNothing(), pollMs).unref();
    response.on("close", () => {
      this.#isAnswered = true;
      clearTimeout(this.#timer);
      client.detach(this);
    });
  }

  /** What was answered counts until the next poll says that it arrived. */
  get bufferedBytes(): number {
    return 0;
  }

  pump(): void {
    if (this.#isAnswered || this.#client.outbound.peek() === undefined) return;
    this.#answerFrames({});
  }

  end(notice: CloseNotice): void {
    if (this.#isAnswered) return;
    const { outbound } = this.#client;
    const text = JSON.stringify(notice);
    const hasFrames = outbound.peek() !== undefined;
    // More than fits into this answer: the next poll is told.
    const isLast = outbound.unsentBytes <= LIMITS.pollBytes;
    if (hasFrames) this.#answerFrames(isLast ? { [CLOSE_HEADER]: text } : {});
    else this.#answer(200, { "content-type": "application/json" }, text);
    if (isLast) this.#client.forget();
  }

  replace(): void {
    // An answer that nobody fetches would be kept once more with each poll.
    if (this.#response.writableLength > 0) this.#response.destroy();
    else this.#answerNothing();
  }

  #answerFrames(headers: Record<string, string>): void {
    const { outbound } = this.#client;
    const first = outbound.nextNumber;
    const frames: Uint8Array[] = [];
    let bytes = 0;
    for (let frame = outbound.peek(); frame; frame = outbound.peek()) {
      if (frames.length > 0 && bytes + frame.length > LIMITS.pollBytes) break;
      frames.push(frame);
      bytes += frame.length;
      outbound.advance();
    }
    const all = { ...headers, [FRAME_HEADER]: first, "content-type": FRAMES_TYPE };
    this.#answer(200, all, writeFrames(frames));
  }

  abandon(): void {
    this.#answerNothing();
    abandonResponse(this.#response);
  }

  #answerNothing(): void {
    if (!this.#isAnswered) this.#answer(204, {}, undefined);
  }

  #answer(status: number, headers: Record<string, string | number>, body: string | Uint8Array | undefined) {
    this.#isAnswered = true;
    clearTimeout(this.#timer);
    this.#response
      .writeHead(status, {
        ...headers,
        "cache-control": "no-store, no-transform",
        ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
      })
      .end(body);
  }
}
