import type { ServerResponse } from "node:http";
import { LIMITS } from "@octavo/schema";
import { type CloseNotice, EVENT_STREAM_TYPE } from "@octavo/schema/protocol";
import { abandonResponse } from "./abandon-response.ts";
import type { HttpClient, Outlet } from "./http-client.ts";

export interface StreamTimes {
  streamPingMs: number;
  streamSilenceMs: number;
}

/** Some programs between here and the browser hold the first kilobytes back. */
const PADDING = `:${" ".repeat(2_048)}\n\n`;
/** Part of a frame that is encoded at a time; a multiple of three, so that base64 has no gap. */
const PART_BYTES = 48 * 1024;

/**
 * Frames as events of a stream (WHATWG HTML, server-sent events): `data` in base64, then `id`, the frame's number.
 * The last event is named `close`; one named `cut` is the rest of a frame that will not come.
 */
export class EventStream implements Outlet {
  readonly transport = "event-stream";
  readonly #response: ServerResponse;
  readonly #client: HttpClient;
  readonly #silenceMs: number;
  readonly #pings: NodeJS.Timeout;
  /** Bytes of the frame now leaving that were written. */
  #offset = 0;
  #isOver = false;

  constructor(response: ServerResponse, client: HttpClient, times: StreamTimes) {
    this.#response = response;
    this.#client = client;
    this.#silenceMs = times.streamSilenceMs;
    // Not transformed also means: not compressed, which holds back what is short.
    response.writeHead(200, {
      "content-type": EVENT_STREAM_TYPE,
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
    });
    response.write(PADDING);
    response.on("drain", () => this.pump());
    response.on("close", () => {
      this.#isOver = true;
      clearInterval(this.#pings);
      client.detach(this);
    });
    this.#pings = setInterval(() => this.#ping(), times.streamPingMs).unref();
  }

  get bufferedBytes(): number {
    return this.#response.writableLength;
  }

  pump(): void {
    if (this.#isOver) return;
    const { outbound } = this.#client;
    while (!this.#response.writableNeedDrain) {
      let text = "";
      for (let frame = outbound.peek(); frame && text.length < PART_BYTES; frame = outbound.peek())
        text += this.#partOf(frame);
      if (text === "") break;
      this.#response.write(text);
    }
    outbound.trim(LIMITS.streamReplayBytes);
    this.#client.left();
  }

  end(notice: CloseNotice): void {
    if (this.#isOver) return;
    this.pump();
    this.#isOver = true;
    const cut = this.#offset > 0 ? "\nevent: cut\n\n" : "";
    this.#response.end(`${cut}event: close\ndata: ${JSON.stringify(notice)}\n\n`);
    this.#client.forget();
  }

  abandon(): void {
    this.#isOver = true;
    abandonResponse(this.#response);
  }

  replace(): void {
    this.#isOver = true;
    this.#response.destroy();
  }

  #partOf(frame: Uint8Array): string {
    const start = this.#offset;
    const end = Math.min(start + PART_BYTES, frame.length);
    const data = Buffer.from(frame.buffer, frame.byteOffset + start, end - start).toString("base64");
    const text = start === 0 ? `data: ${data}` : data;
    if (end < frame.length) {
      this.#offset = end;
      return text;
    }
    this.#offset = 0;
    const id = this.#client.outbound.nextNumber;
    this.#client.outbound.advance();
    return `${text}\nid: ${id}\n\n`;
  }

  #ping(): void {
    // A half-open connection takes our signs of life for minutes before the system gives it up.
    if (this.#client.silentMs > this.#silenceMs) this.#client.close("CONNECTION_LOST");
    else if (this.#offset === 0 && !this.#response.writableNeedDrain && !this.#isOver)
      this.#response.write(": ping\n\n");
  }
}
